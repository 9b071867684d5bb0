#!/usr/bin/env bash
# Abacus: the one entry point, on a machine and in the image.
#
#   ./run.sh              everything on this machine: web, worker, beat, SQLite and an embedded
#                         Redis on http://127.0.0.1:8000 (HTTP_PORT); needs Python 3.11 to 3.13
#   ./run.sh dev          the same for development: changed code runs at once, logs come to the terminal
#   ./run.sh test [args]  the tests that this machine can run; the arguments go to pytest
#   ./run.sh bench [args] how fast it is, as ratios (needs Docker and wrk; --short: three minutes; --help)
#   ./run.sh web          migrate if need be, then serve; drains before it stops
#   ./run.sh celery       a worker
#   ./run.sh beat         the clock that sends the periodic tasks (one is enough)
#   ./run.sh migrate      wait for the database, migrate, end
#   ./run.sh manage ...   Django's manage.py
#   ./run.sh rollout      a rolling update of the running containers (rollout.sh tells how)
#   ./run.sh secrets      (in the image) make what secrets are missing
#   ./run.sh lock [args]  (maintainers) make requirements/*.txt anew; --upgrade takes newer versions
#   ./run.sh help         this text

set -euo pipefail
# A relative folder is meant from where this is typed.
case ${DATA_DIR:-} in '' | /*) ;; *) export DATA_DIR=$PWD/$DATA_DIR ;; esac
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" >/dev/null && pwd)
cd -- "$here"
run_dir=${RUN_DIR:-/tmp/abacus} # heartbeat, drain file, beat's schedule: settings.RUN_DIR
venv=$here/.venv
# The image says so itself; there the dependencies are elsewhere and nothing may be installed.
[ -z "${ABACUS_IMAGE:-}" ] || venv=/opt/venv

say() { printf 'abacus: %s\n' "$*" >&2; }
die() { say "$@"; exit 1; }

# --- the environment of a machine without containers ---

find_python() { # prints the first Python that the locks fit
  local name
  for name in python3 python3.13 python3.12 python3.11; do
    if command -v "$name" >/dev/null &&
      "$name" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
      command -v "$name"
      return
    fi
  done
  die "Python 3.11, 3.12 or 3.13 is needed, and python3 here is: $(python3 --version 2>/dev/null || echo missing)." \
    "Install one of them, or use the containers: docker compose up -d"
}

make_venv() {
  local python version
  [ -x .venv/bin/python ] && return
  python=$(find_python)
  version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
  "$python" -c 'import venv, ensurepip' 2>/dev/null ||
    die "$python has no venv module. On Debian and Ubuntu: sudo apt-get install python$version-venv"
  say "making .venv with Python $version"
  "$python" -m venv --clear .venv || { rm -rf .venv; die "$python -m venv failed; the reason is above."; }
}

install_lock() { # GROUP: .venv gets requirements/GROUP.txt, unless it has exactly that already
  local lock=requirements/$1.txt stamp=.venv/installed-$1 log=.venv/pip.log sum
  make_venv
  sum=$(cksum <"$lock")
  [ "$sum" = "$(cat "$stamp" 2>/dev/null || true)" ] && return
  say "installing $lock into .venv (a minute or so; log: $log)"
  if ! .venv/bin/python -m pip install --disable-pip-version-check --no-input \
    --require-hashes --only-binary :all: -r "$lock" >"$log" 2>&1; then
    tail -n 3 "$log" >&2
    if grep -qE 'NewConnectionError|ConnectTimeout|NameResolutionError|ProxyError|ReadTimeout' "$log"; then
      die "The package index cannot be reached: the first start needs the network (or a mirror: pip config set global.index-url ...)."
    fi
    die "Installing $lock failed; the whole log is in $log"
  fi
  printf '%s\n' "$sum" >"$stamp"
}

lock_dependencies() {
  make_venv
  .venv/bin/python -m pip install --disable-pip-version-check -q uv
  lock image --extra mysql "$@"
  lock embedded --extra embedded "$@"
  lock test --extra embedded --group test "$@"
}

lock() { # NAME OPTIONS...: requirements/NAME.txt
  local name=$1
  shift
  .venv/bin/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
    --no-emit-find-links --no-annotate --no-header pyproject.toml -o "requirements/$name.txt" "$@"
}

# --- the roles ---

manage() { # becomes a management command
  [ -x "$venv/bin/python" ] || install_lock embedded
  cd web
  exec "$venv/bin/python" manage.py "$@"
}

serve() { # the site, with a stop that no request notices
  local server code=0
  # Without a load balancer in front there is nothing to drain.
  if [ "${DRAIN_SECONDS:-3}" = 0 ]; then manage web; fi
  drain_file=${DRAIN_FILE:-$run_dir/draining}
  mkdir -p "$run_dir"
  rm -f "$drain_file"

  manage web &
  server=$!
  # /ready answers 404 once the drain file is there, HAProxy stops sending, running requests end.
  # A second signal changes nothing: it is ignored from here on.
  trap 'trap "" TERM INT; touch "$drain_file"; sleep "${DRAIN_SECONDS:-3}"
    kill -TERM "$server" 2>/dev/null || true; wait "$server" || exit $?; exit 0' TERM INT
  wait "$server" || code=$?
  exit "$code"
}

# --- secrets ---

given() { # NAME: prints what the user gave, as NAME or as the file NAME_FILE (see docker-compose.yaml)
  local value file=/run/given/$1
  value=$(sed -n "s/^$1=//p" /run/given/values*)
  [ -r "$file" ] || die "$1_FILE cannot be read by uid $(id -u): give the file mode 0444 and its folder mode 0700."
  file=$(cat "$file")
  [ -z "$value" ] || [ -z "$file" ] || die "$1 and $1_FILE are both set: give one of them."
  printf '%s' "$value$file"
}

keep() { # VALUE PATH...: writes it where another value is; nothing is ever printed
  local value=$1 path
  shift
  for path; do
    [ -f "$path" ] && [ "$(cat "$path")" = "$value" ] && continue
    # The services that read it run as other users; who sees the file is decided by who mounts the volume.
    printf '%s' "$value" >"$path.new"
    chmod 0444 "$path.new"
    mv -f "$path.new" "$path"
  done
}

secret() { # NAME PATH...: what was given, else what is there, else a new one
  local value path
  value=$(given "$1")
  shift
  for path; do [ -n "$value" ] || value=$(cat "$path" 2>/dev/null || true); done
  [ -n "$value" ] || value=$(head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \n')
  keep "$value" "$@"
}

make_secrets() {
  local value
  cd /secrets
  secret DJANGO_SECRET_KEY app/django_secret_key
  # Only what is given: there is no login of /admin/ that nobody asked for.
  value=$(given DJANGO_SUPERUSER_PASSWORD)
  keep "$value" app/django_superuser_password
  if [ -z "${MYSQL_HOST:-}" ]; then
    secret MYSQL_ROOT_PASSWORD mysql/mysql_root_password
    secret MYSQL_PASSWORD mysql/mysql_password app/mysql_password
  else
    value=$(given MYSQL_PASSWORD)
    [ -n "$value" ] || die "MYSQL_HOST is set to $MYSQL_HOST, so the password of its user ${MYSQL_USER:-abacus} is needed:" \
      "set MYSQL_PASSWORD_FILE (or MYSQL_PASSWORD) in .env."
    keep "$value" app/mysql_password
  fi
  if [ -z "${REDIS_HOST:-}" ]; then
    secret REDIS_PASSWORD redis/redis_password app/redis_password
  else # a Redis of someone else's may have no password: then the file is empty
    value=$(given REDIS_PASSWORD)
    keep "$value" app/redis_password
  fi
  # docker-compose-rabbitmq.yaml is in use
  [ -z "${RABBITMQ_HOST:-}" ] || secret RABBITMQ_PASSWORD rabbitmq/rabbitmq_password app/rabbitmq_password
}

role=${1:-}
[ $# -eq 0 ] || shift
case $role in
  '')
    [ -z "${ABACUS_IMAGE:-}" ] || die "name a role: web, celery, beat, migrate, manage ... (run.sh help)"
    install_lock embedded
    manage embedded
    ;;
  dev)
    install_lock embedded
    manage embedded --reload "$@"
    ;;
  test)
    install_lock test
    exec "$venv/bin/python" -m pytest "$@"
    ;;
  bench)
    install_lock test
    module=bench
    case ${1:-} in against | growth | hotpaths | peers | soak) module=bench.$1 && shift ;; esac
    PYTHONPATH=tests:. exec "$venv/bin/python" -m "$module" "$@"
    ;;
  web) serve ;;
  celery) manage worker "$@" ;;
  beat) manage beat "$@" ;;
  migrate) manage migrate_once "$@" ;;
  manage) manage "$@" ;;
  rollout) exec ./rollout.sh "$@" ;;
  secrets) make_secrets ;;
  lock) lock_dependencies "$@" ;;
  help | -h | --help) sed -n '2,/^$/s/^# \{0,1\}//p' run.sh ;;
  *) die "no such role: $role (./run.sh help lists them)" ;;
esac
