#!/usr/bin/env bash
# The one entry point, on a machine and in the image.
#
#   ./run.sh              both roles on this machine, without RabbitMQ, on http://127.0.0.1:8000 (HTTP_PORT)
#   ./run.sh web          gunicorn
#   ./run.sh worker       Celery
#   ./run.sh secrets      (in the image) make RabbitMQ's password, unless there is one
#   ./run.sh lock [args]  (maintainers) make requirements.txt and lock.txt anew; --upgrade takes newer versions
#   ./run.sh help         this text

set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")"
venv=.venv
[ -z "${LONGTASK_IMAGE:-}" ] || venv=/opt/venv

say() { printf 'longtask: %s\n' "$*" >&2; }
die() { say "$@"; exit 1; }

install_lock() { # .venv gets requirements.txt, unless it has exactly that already
  local sum
  sum=$(cksum <requirements.txt)
  [ "$sum" = "$(cat .venv/installed 2>/dev/null || true)" ] && return
  python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    die "Python 3.11 or newer is needed. Install it, or use the containers: docker compose up -d"
  say "installing requirements.txt into .venv (log: .venv/pip.log)"
  python3 -m venv --clear .venv || die "python3 has no venv module. On Debian and Ubuntu: sudo apt-get install python3-venv"
  .venv/bin/python -m pip install --disable-pip-version-check --no-input --require-hashes --only-binary :all: \
    -r requirements.txt >.venv/pip.log 2>&1 || { tail -n 3 .venv/pip.log >&2; die "Installing failed; the whole log is in .venv/pip.log"; }
  printf '%s\n' "$sum" >.venv/installed
}

lock() { # NAME OPTIONS...: NAME.txt, the lock of NAME.in
  local name=$1
  shift
  .venv/bin/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
    --no-emit-find-links --no-annotate --no-header "$name.in" -o "$name.txt" "$@"
}

both() { # until one of them ends, or Ctrl-C ends both
  local port=${HTTP_PORT:-8000} web='' worker='' ended='a process ended by itself; the reason is above'
  # Any site may have its name lead here, and its page is then of the same origin: so only this machine's names count.
  export WEB_BIND="127.0.0.1:$port" DATA_DIR="${DATA_DIR:-$PWD/data}" ALLOWED_HOSTS="${ALLOWED_HOSTS:-localhost}"
  mkdir -p "$DATA_DIR"
  trap 'end_both && say "stopped; ./run.sh starts again with what is in $DATA_DIR" && exit' INT TERM HUP
  trap 'end_both && die "$ended"' USR1
  # A pipe that nobody writes to ends with the last process of its role (bash 3.2, macOS's, has no `wait -n`).
  exec 9> >(cat; kill -USR1 $$ 2>/dev/null)
  ./run.sh worker & worker=$!
  exec 9>&-
  exec 9> >(cat; kill -USR1 $$ 2>/dev/null)
  ./run.sh web --access-logfile - & web=$!
  exec 9>&-
  say "http://127.0.0.1:$port (Ctrl-C stops it; what it stores is in $DATA_DIR)"
  wait || true # a signal ends it by the traps above
  die "$ended"
}

end_both() { # the worker finishes what it has begun
  # A second Ctrl-C changes nothing.
  trap '' INT TERM HUP USR1
  # shellcheck disable=SC2086  # one of them may not have been started yet
  kill -TERM $web $worker 2>/dev/null || true
  while kill -0 "$web" 2>/dev/null || kill -0 "$worker" 2>/dev/null; do wait "$web" "$worker" 2>/dev/null || true; done
}

make_secrets() { # the same password in two volumes: each service sees only its own
  local password path
  password=$(cat /secrets/app/rabbitmq_password 2>/dev/null || true)
  [ -n "$password" ] || password=$(head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \n')
  for path in /secrets/app/rabbitmq_password /secrets/rabbitmq/rabbitmq_password; do
    printf '%s' "$password" >"$path.new"
    # The services read it as other users; who sees the file is decided by who mounts the volume.
    chmod 0444 "$path.new"
    mv -f "$path.new" "$path"
  done
}

role=${1:-}
[ $# -eq 0 ] || shift
case $role in
  '')
    install_lock
    both
    ;;
  web)
    # Threads, since a request that waits for RabbitMQ needs no processor. Whoever sends slowly holds one: HAProxy stands
    # in front (docker-compose.yaml) and logs each request; without it (both) only this machine gets here.
    exec "$venv/bin/python" -m gunicorn --bind "${WEB_BIND:-:8000}" --workers "${WEB_PROCESSES:-2}" \
      --threads "${WEB_THREADS:-8}" --graceful-timeout 10 --no-control-socket "$@" 'longtask:create_app()'
    ;;
  worker)
    # Gossip and mingle make workers talk to each other, which nothing here needs.
    exec "$venv/bin/python" -m celery -A longtask.worker worker --without-gossip --without-mingle \
      --hostname "celery@%h" --concurrency "${CELERY_CONCURRENCY:-2}" --loglevel "${LOG_LEVEL:-INFO}" "$@"
    ;;
  secrets) make_secrets ;;
  lock)
    install_lock
    .venv/bin/python -m pip install --disable-pip-version-check -q --require-hashes --only-binary :all: -r lock.txt
    lock requirements "$@"
    lock lock "$@"
    ;;
  help | -h | --help) sed -n '2,/^$/s/^# \{0,1\}//p' run.sh ;;
  *) die "no such role: $role (./run.sh help lists them)" ;;
esac
