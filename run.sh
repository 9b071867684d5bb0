#!/usr/bin/env bash
# Abacus: the one entry point, on a machine and in the image.
#
#   ./run.sh              everything on this machine: web, worker, SQLite and an embedded Redis
#                         on http://127.0.0.1:8000 (HTTP_PORT); needs Python 3.11 to 3.13
#   ./run.sh dev          the same for development: changed code runs at once, logs come to the terminal
#   ./run.sh test [args]  the tests that this machine can run; the arguments go to pytest
#   ./run.sh bench [args] how fast it is, as ratios (needs Docker and wrk; --short: three minutes; --help)
#   ./run.sh pictures     (maintainers) the README's pictures; --into FOLDER: each page in each size, colour and language
#   ./run.sh web          migrate if need be, then serve; drains before it stops
#   ./run.sh celery       a worker
#   ./run.sh migrate      wait for the database, migrate, end
#   ./run.sh manage ...   Django's manage.py
#   ./run.sh token ...    a program's token: make NAME [--scopes read,write] [--days 90], list, revoke NAME
#   ./run.sh backup FILE  a consistent backup while it runs, of the Compose stack if that runs here (backup.sh); -: to stdout
#   ./run.sh restore FILE a backup, into an empty database
#   ./run.sh rollout      a rolling update of the running containers (rollout.sh tells how)
#   ./run.sh stack ...    the same on several machines, by Docker Swarm: up, status, down, backup, restore (stack.sh)
#   ./run.sh doctor       what keeps it from starting on this machine, and what to do (doctor.sh)
#   ./run.sh secrets      (in the image) make what secrets are missing
#   ./run.sh lock [args]  (maintainers) make requirements/*.txt anew; --upgrade takes newer versions
#   ./run.sh help         this text

set -euo pipefail
# A relative folder is meant from where this is typed.
typed_in=$PWD
case ${DATA_DIR:-} in '' | /*) ;; *) export DATA_DIR=$PWD/$DATA_DIR ;; esac
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" >/dev/null && pwd)
cd -- "$here"
run_dir=${RUN_DIR:-${DATA_DIR:-$here/data}/run} # heartbeat and drain file: settings.RUN_DIR
venv=$here/.venv
# The image says so itself; there the dependencies are elsewhere and nothing may be installed.
[ -z "${ABACUS_IMAGE:-}" ] || venv=/opt/venv

say() { # a line for people, or with LOG_FORMAT=json an object like all roles' (durable/logs.py)
  local text=$*
  [ "${LOG_FORMAT:-}" = json ] || { printf 'abacus: %s\n' "$text" >&2; return 0; } # in a trap it returns what was before
  text=${text//\\/\\\\} text=${text//\"/\\\"}
  printf '{"time": "%s", "level": "%s", "logger": "run.sh", "message": "%s"}\n' \
    "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "${level:-INFO}" "$text" >&2
}
die() { level=ERROR say "$@"; exit 1; }

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
  ./doctor.sh machine >&2 || exit 1
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
    die "Installing $lock failed; the whole log is in $log, and ./run.sh doctor embedded looks at this machine."
  fi
  printf '%s\n' "$sum" >"$stamp"
}

lock_dependencies() {
  make_venv
  .venv/bin/python -m pip install --disable-pip-version-check -q --require-hashes --only-binary :all: -r requirements/lock.txt
  lock image pyproject.toml --extra mysql "$@"
  lock embedded pyproject.toml --extra embedded "$@"
  lock test pyproject.toml --extra embedded --group test "$@"
  # Groups alone, without the product's own dependencies.
  lock build --group build "$@"
  lock lock --group lock "$@"
}

lock() { # NAME OPTIONS...: requirements/NAME.txt
  local name=$1
  shift
  .venv/bin/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
    --no-emit-find-links --no-annotate --no-header -o "requirements/$name.txt" "$@"
}

# --- the roles ---

manage() { # becomes a management command
  [ -x "$venv/bin/python" ] || install_lock embedded
  cd web
  exec ${niceness:+nice -n "$niceness"} "$venv/bin/python" manage.py "$@"
}

typed() { # FILE: prints it as it is meant
  case $1 in - | /*) printf '%s' "$1" ;; *) printf '%s' "$typed_in/$1" ;; esac
}

backup() { # ROLE FILE: of the Compose stack where one runs or where the file is one's, else of the embedded database
  local role=$1 file=${2:-} of=sqlite
  [ $# -eq 2 ] || die "name a file: ./run.sh $role FILE"
  file=$(typed "$file")
  if [ "$role" = restore ]; then
    [ -f "$file" ] || die "There is no file $file: name the backup."
    ! tar -tf "$file" 2>/dev/null | grep -qx database.sql.gz || of=mysql
  elif [ -z "${ABACUS_IMAGE:-}${DATA_DIR:-}" ] && [ -n "$(docker compose ps -q 2>/dev/null)" ]; then
    of=mysql
  fi
  [ "$of" = sqlite ] || exec ./backup.sh "$role" "$file"
  manage "$role" "$file"
}

drain() { # PID...: stops the lanes; /ready answers 404 once the file is there, HAProxy stops sending, requests end
  local server killer code=0
  [ ! -d "${drain_file%/*}" ] || touch "$drain_file"
  sleep "${DRAIN_SECONDS:-3}"
  kill -TERM "$@" 2>/dev/null || true
  # uWSGI waits for its requests however long they take; a transfer may take longer than the container's stop grace.
  { sleep 25; kill -KILL "$@" 2>/dev/null; } &
  killer=$!
  for server; do wait "$server" || code=$?; done
  kill "$killer" 2>/dev/null || true
  exit "$code"
}

serve() { # the site, with a stop that no request notices
  local lane servers=''
  # Without a load balancer in front there is nothing to drain, and nobody who tells lanes apart.
  if [ "${DRAIN_SECONDS:-3}${BULK_BIND:-}" = 0 ]; then manage web; fi
  # Before the lanes begin: whoever is stopped while it starts must not say that it is ready.
  drain_file=${DRAIN_FILE:-$run_dir/draining}
  (umask 077 && mkdir -p "${drain_file%/*}") 2>/dev/null || true # the lanes say what is wrong with the folder
  rm -f "$drain_file"

  # One without the other is half a site: both end, and the restart policy brings both back.
  trap 'kill -KILL $servers 2>/dev/null || true; die "a lane ended by itself; the reason is above"' USR1
  for lane in fast ${BULK_BIND:+bulk}; do
    # A batch takes seconds of a processor, which who waits for a page should have first: from the first import on.
    [ "$lane" = fast ] || niceness=10
    # A pipe that nobody writes to ends with the last process of its lane (bash 3.2, macOS's, has no `wait -n`).
    exec 9> >(cat; kill -USR1 $$ 2>/dev/null)
    manage web "$lane" &
    servers="$servers $!"
    exec 9>&-
  done
  # A second signal changes nothing: it is ignored from here on.
  # shellcheck disable=SC2064  # the processes are those of now
  trap "trap '' TERM INT USR1; drain $servers" TERM INT
  wait || true # a signal ends it by the traps above
  die "the site ended by itself; the reason is above"
}

# --- secrets ---

given() { # NAME: prints what the user gave, as NAME or as the file NAME_FILE (see docker-compose.yaml)
  local value file=/run/given/$1
  value=$(sed -n "s/^$1=//p" /run/given/values*)
  # Nothing given is an empty file, which need not be readable for that.
  [ ! -s "$file" ] || [ -r "$file" ] ||
    die "$1_FILE cannot be read by uid $(id -u): give the file mode 0444 and its folder mode 0700."
  file=$([ ! -s "$file" ] || cat "$file")
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
  [ -n "$value" ] || value=$(random)
  keep "$value" "$@"
}

random() { head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \n'; }

make_secrets() {
  local value
  cd /secrets
  secret DJANGO_SECRET_KEY app/django_secret_key
  value=$(given DJANGO_SECRET_KEY_FALLBACKS)
  keep "$value" app/django_secret_key_fallbacks
  # Only what is given: there is no login of /admin/ that nobody asked for.
  value=$(given DJANGO_SUPERUSER_PASSWORD)
  keep "$value" web/django_superuser_password
  rm -f app/django_superuser_password # an earlier version had it there, for all to see
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
    [ -s redis/redis_admin_password ] || keep "$(random)" redis/redis_admin_password
  else # a Redis of someone else's may have no password: then the file is empty
    value=$(given REDIS_PASSWORD)
    keep "$value" app/redis_password
    [ -n "${REDIS_SSL_MODE:-}" ] || say "Redis at $REDIS_HOST is spoken to in plain text, its password included." \
      "Unless the way there is yours alone, set REDIS_SSL_MODE (.env.example)."
  fi
  # No secret, but it goes the same way: the container shares the machine's name (uts: host).
  keep "$(cat /proc/sys/kernel/hostname)" app/machine_name
  # docker-compose-monitoring.yaml is in use
  [ -z "${MONITORING:-}" ] || make_monitoring_secrets
  # docker-compose-rabbitmq.yaml is in use
  [ -z "${RABBITMQ_HOST:-}" ] || secret RABBITMQ_PASSWORD rabbitmq/rabbitmq_password app/rabbitmq_password
}

make_monitoring_secrets() { # the exporters' user, known to them and to the local MySQL and Redis alone
  local password
  password=$(cat monitoring/redis_password 2>/dev/null || random)
  keep "$password" monitoring/redis_password redis/redis_monitoring_password
  keep "[client]
host=mysql
user=monitoring
password=$password" monitoring/mysqld_exporter.cnf
  # MySQL runs this at each start. No GRANT: to log in is enough for the server's own figures.
  keep "CREATE USER IF NOT EXISTS 'monitoring'@'%' IDENTIFIED BY '$password';
ALTER USER 'monitoring'@'%' IDENTIFIED BY '$password' WITH MAX_USER_CONNECTIONS 3;" mysql/monitoring.sql
  keep "[mysqld]
init-file=/run/secrets/monitoring.sql" mysql/my.cnf
}

role=${1:-}
[ $# -eq 0 ] || shift
case $role in
  '')
    [ -z "${ABACUS_IMAGE:-}" ] || die "name a role: web, celery, migrate, manage ... (run.sh help)"
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
    case ${1:-} in against | growth | hotpaths | proof | rivals | soak) module=bench.$1 && shift ;; esac
    PYTHONPATH=tests:tests/faults:. exec "$venv/bin/python" -m "$module" "$@"
    ;;
  pictures)
    install_lock test
    exec "$venv/bin/python" tests/pictures.py "$@"
    ;;
  web) serve ;;
  celery) manage worker "$@" ;;
  migrate) manage migrate_once "$@" ;;
  manage) manage "$@" ;;
  token) manage token "$@" ;;
  backup | restore) backup "$role" "$@" ;;
  rollout) exec ./rollout.sh "$@" ;;
  stack)
    [ $# -ne 2 ] || set -- "$1" "$(typed "$2")"
    exec ./stack.sh "$@"
    ;;
  doctor) exec ./doctor.sh "$@" ;;
  python) find_python ;; # for doctor.sh
  secrets) make_secrets ;;
  lock) lock_dependencies "$@" ;;
  help | -h | --help) sed -n '2,/^$/s/^# \{0,1\}//p' run.sh ;;
  *) die "no such role: $role (./run.sh help lists them)" ;;
esac
