#!/usr/bin/env bash
# Abacus on several machines, by Docker Swarm, from a manager: ./run.sh stack (docs/several-machines.md)
#
#   ./run.sh stack up       make the secrets, start MySQL and Redis unless they are elsewhere, migrate, start the rest. Again:
#                           a rolling update to what APP_IMAGE, .env and docker-stack.yaml say now; a new container that does
#                           not turn healthy brings back all that was there, and the exit status is 1
#   ./run.sh stack status   what runs where, and whether it is well
#   ./run.sh stack down     stop it all; data and secrets stay
#   ./run.sh stack backup FILE     a consistent backup while it runs, on the machine that carries MySQL; -: to standard output
#   ./run.sh stack restore FILE    a backup, into an empty database, and `up`; on a manager that carries MySQL
#
# Each ends when it is done, and says what it did. STACK_NAME (default: abacus) keeps two of them apart.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")"

. ./stack-secrets.sh

PATIENCE=${STACK_SECONDS:-300} # for a service to be well

say() { printf 'abacus: %s\n' "$*" >&2; }
die() { say "$@"; exit 1; }

settings() { # .env, as Compose takes it: the shell comes first. `docker stack` by itself reads none
  local line name value
  [ -e .env ] || return 0
  while IFS= read -r line || [ -n "$line" ]; do
    [[ ${line%$'\r'} =~ ^\ *([A-Za-z_][A-Za-z0-9_]*)=(.*)$ ]] || continue
    name=${BASH_REMATCH[1]} value=${BASH_REMATCH[2]}
    [ -z "${!name+set}" ] || continue
    case $value in
      \"*\" | \'*\') value=${value#?} value=${value%?} ;;
      *) value=${value%% #*} ;;
    esac
    export "$name=$value"
  done <.env
}

# --- the machines ---

labelled() { # LABEL: the nodes that carry it
  docker node ls -q --filter "node.label=abacus.$1=true"
}

check_place() { # SERVICE: its data lies on one machine
  local count
  count=$(labelled "$1" | wc -l)
  [ "$count" -eq 1 ] ||
    die "$count machines have the label abacus.$1=true, and one has to: it keeps the data of $1." \
      "docker node update --label-add abacus.$1=true NODE, or set its host in .env (docs/several-machines.md)."
}

check_machines() {
  [ -z "${TLS_CERTIFICATE_FILE:-}" ] ||
    die "TLS_CERTIFICATE_FILE is for one machine. On several, TLS ends in what stands in front of them: take it out, and see" \
      "TRUSTED_PROXIES and DJANGO_SECURE (docs/several-machines.md)."
  case $HTTP_PORT in
    *[!0-9]*) die "HTTP_PORT is '$HTTP_PORT', and Swarm publishes a port on all addresses of a machine: set it to a number." ;;
  esac
  [ -n "$(labelled edge)" ] ||
    die "No machine has the label abacus.edge=true, so nobody could reach the site: docker node update --label-add abacus.edge=true NODE"
  [ "$mysql_replicas" -eq 0 ] || check_place mysql
  [ "$redis_replicas" -eq 0 ] || check_place redis
}

# --- services ---

deploy() { # SERVICE...: of docker-stack.yaml these alone; Swarm leaves the others as they are
  awk -v wanted=" $* " '
    /^[a-z]/ { inside = /^services:/; skip = 0 }
    inside && /^  [a-z]/ { name = $1; sub(":", "", name); skip = !index(wanted, " " name " ") }
    !skip' docker-stack.yaml |
    docker stack deploy --detach=true "${from[@]}" --compose-file - "$stack" 2>&1 | { grep -vE '^(Creating|Updating|Since|Ignoring) |^$' || true; } >&2
}

content() { # SERVICE: what its containers are made of
  docker service inspect -f '{{json .Spec.TaskTemplate.ContainerSpec}}{{json .Spec.TaskTemplate.Resources}}' "${stack}_$1" 2>/dev/null || true
}

updating() { # SERVICE: how its update goes; Swarm says nothing of one that has not begun
  docker service inspect -f '{{if .UpdateStatus}}{{.UpdateStatus.State}}{{end}}' "${stack}_$1"
}

running() { # SERVICE: such as 3/3. Swarm itself counts what ran on a machine that is lost, too
  local count wanted
  count=$(docker service ps --filter desired-state=running --format '{{.CurrentState}}' "${stack}_$1" | grep -c '^Running' || true)
  wanted=$(docker stack services --filter "name=${stack}_$1" --format '{{.Replicas}}' "$stack")
  printf '%s/%s' "$count" "${wanted#*/}"
}

settle() { # SERVICE CHANGED: waits until what it says is what runs, as long as something moves
  local count update tasks seen='' end=0
  while [ "$end" -eq 0 ] || [ "$SECONDS" -lt "$end" ]; do
    tasks=$(docker service ps -q --filter desired-state=running "${stack}_$1")
    [ "$tasks" = "$seen" ] && [ "$end" -ne 0 ] || { seen=$tasks end=$((SECONDS + PATIENCE)); }
    count=$(running "$1") update=$(updating "$1")
    case $update in
      paused | rollback_*) [ "$update" = rollback_started ] || return 1 ;;
      completed | '') [ "${count%/*}" != "${count#*/}" ] || [ -n "$2" ] && [ -z "$update" ] && [ "$count" != 0/0 ] || return 0 ;;
    esac
    sleep 1
  done
  return 1
}

log() { # TASK: the end of it. Without --follow, the manager asks no machine whose connection was cut once (moby#35011);
  # and of a container that is gone it waits for ever
  local text
  text=$(timeout 10 docker service logs --follow --raw --tail 60 "$1" 2>&1 || true)
  printf '%s\n' "${text:-its machine does not tell its log}" >&2
}

tell() { # SERVICE: why it is not well
  local task
  docker service ps --no-trunc --format '{{.Name}} on {{.Node}}: {{.CurrentState}} {{.Error}}' "${stack}_$1" | head -n 6 >&2
  # The last one that failed: the list also has those that were lost with a machine, long ago.
  task=$(docker service ps -q --no-trunc "${stack}_$1" |
    xargs docker inspect --type task -f '{{.CreatedAt.Unix}} {{.ID}} {{.Status.Err}}' | sort -rn | awk 'NF > 2 { print $2; exit }')
  [ -z "$task" ] || log "$task"
}

roll() { # SERVICE: to what docker-stack.yaml says of it; the others serve on
  local before changed='' update
  before=$(content "$1")
  deploy "$1" || go_back "$1"
  [ -z "$before" ] || [ "$before" = "$(content "$1")" ] || changed=yes
  if settle "$1" "$changed"; then
    [ -z "$changed" ] || replaced="$replaced $1"
    say "$1: ${changed:+updated, }$(running "$1") run"
    return
  fi
  say "$1 does not turn well; the last of it:"
  tell "$1"
  update=$(updating "$1")
  # Swarm has done so by itself, unless it still waits.
  [ -z "$changed" ] || [ "$update" = rollback_completed ] || replaced="$replaced $1"
  go_back "$1"
}

go_back() { # SERVICE: one version everywhere: what was replaced before this one failed is brought back, too
  local service
  for service in $replaced; do
    say "$service: back to what was there before"
    docker service rollback --quiet "${stack}_$service" >/dev/null || tell "$service"
  done
  forget_secrets
  die "stopped: $1 failed. What ran before serves on, and nothing that comes after was touched."
}

migrate() {
  local state end=$((SECONDS + PATIENCE))
  # A job that is there already would not run again.
  [ -z "$(docker service ls -q --filter "name=${stack}_migrate")" ] || docker service rm "${stack}_migrate" >/dev/null
  deploy migrate
  while [ "$SECONDS" -lt "$end" ]; do
    state=$(docker service ps --format '{{.CurrentState}}' "${stack}_migrate" | head -n 1)
    case $state in
      Complete*) say "migrate: done"; return ;;
      Failed* | Rejected*) break ;;
    esac
    sleep 0.5
  done
  say "migrate: ${state:-not begun}"
  tell migrate
  die "stopped before anything was replaced: the migrations failed."
}

# --- the door ---

answers() { # ADDRESS: whether the site there says that it is well, MySQL and Redis included
  # shellcheck disable=SC2016  # it is the inner shell's; a machine that is gone would be waited for minutes
  [ "$(timeout 10 bash -c 'exec 3<>"/dev/tcp/$0/$1"; printf "GET /health HTTP/1.0\r\n\r\n" >&3; read -r _ status _ <&3; echo "$status"' \
    "$1" "$HTTP_PORT" 2>/dev/null)" = 200 ]
}

edges() { # SECONDS: waits for each edge machine's site
  local end=$((SECONDS + $1)) address name failed=''
  while read -r address name; do
    until answers "$address" || [ "$SECONDS" -ge "$end" ]; do sleep 1; done
    if answers "$address"; then say "http://$address:$HTTP_PORT ($name): well"
    else say "http://$address:$HTTP_PORT/health ($name) does not answer 200 from here" && failed=yes; fi
  done < <(labelled edge | xargs -r docker node inspect -f '{{.Status.Addr}} {{.Description.Hostname}}')
  [ -z "$failed" ]
}

up() { # [mysql]: all, or for a restore that alone
  local service
  check_machines
  make_secrets
  roll mysql
  [ $# -eq 0 ] || return 0
  roll redis
  migrate
  for service in web celery haproxy; do roll "$service"; done
  forget_secrets
  edges "$PATIENCE"
}

status() {
  local service count well=yes
  docker stack services --format 'table {{.Name}}\t{{.Replicas}}\t{{.Image}}' "$stack"
  docker stack ps --filter desired-state=running --format 'table {{.Name}}\t{{.Node}}\t{{.CurrentState}}' "$stack"
  for service in mysql redis web celery haproxy; do
    count=$(running "$service")
    [ "${count%/*}" = "${count#*/}" ] || { say "$service: $count run"; well=''; }
  done
  edges 0 && [ -n "$well" ]
}

down() {
  docker stack rm "$stack"
  while [ -n "$(docker network ls -q --filter "label=com.docker.stack.namespace=$stack")" ]; do sleep 0.5; done
  say "down. The data stays in the volumes ${stack}_mysql-data and ${stack}_redis-data of the machines that have them," \
    "the secrets in docker secret ls."
}

settings
stack=${STACK_NAME:-abacus}
HTTP_PORT=${HTTP_PORT:-80}
replaced=''
# What is elsewhere is not started here; what is here has its usual port, no user name and no CA.
mysql_replicas=1 redis_replicas=1
if [ -n "${MYSQL_HOST:-}" ]; then mysql_replicas=0; else MYSQL_PORT='' MYSQL_SSL_CA_FILE=''; fi
if [ -n "${REDIS_HOST:-}" ]; then redis_replicas=0; else REDIS_PORT='' REDIS_USERNAME='' REDIS_SSL_MODE='' REDIS_SSL_CA_FILE=''; fi
mysql_ca_path=${MYSQL_SSL_CA_FILE:+/run/secrets/mysql_ssl_ca}
redis_ca_path=${REDIS_SSL_CA_FILE:+/run/secrets/redis_ssl_ca}
broker_url_path=${CELERY_BROKER_URL_FILE:+/run/secrets/celery_broker_url}
export mysql_replicas redis_replicas mysql_ca_path redis_ca_path broker_url_path MYSQL_PORT REDIS_PORT REDIS_USERNAME REDIS_SSL_MODE
# Images of a registry are pinned by digest, and the machines log in as this one has. Others are on each machine already.
from=(--resolve-image never)
case ${APP_IMAGE:-abacus} in *[.:]*/*) from=(--resolve-image always --with-registry-auth) ;; esac

case $*,$# in
  up,1 | 'up mysql,2' | status,1 | down,1) ;;
  backup' '*,2 | restore' '*,2)
    [ "$mysql_replicas" -eq 1 ] || die "MYSQL_HOST is set to $MYSQL_HOST: ./run.sh $1 does it (docs/operations.md)."
    export SWARM_STACK=$stack
    exec ./backup.sh "$@" ;;
  *) sed -n '2,/^set/s/^# \{0,1\}//p' stack.sh | sed '$d'; exit 2 ;;
esac
[ "$(docker info --format '{{.Swarm.ControlAvailable}}')" = true ] ||
  die "This is no manager of a swarm: docker swarm init makes one of this machine (docs/several-machines.md)."
"$@"
