#!/usr/bin/env bash
# A rolling update of web and celery without a failed request or a lost task: ./run.sh rollout
#
#   ./run.sh rollout              build the image anew, then roll it out
#   ./run.sh rollout --pull       the same, on the newest patches of the image that ours is built on
#   ./run.sh rollout --no-build   roll out the image that APP_IMAGE (default: abacus) names now, say after docker pull
#
# The image before it is kept as abacus:previous: APP_IMAGE=abacus:previous ./run.sh rollout --no-build goes back.
#
# One container at a time: a new one starts beside the old ones, and once it is healthy an old one is drained and
# removed. Compose alone would replace all of them at once. A new container that does not turn healthy stops the
# rollout: it goes, the others have been serving all along. COMPOSE_PROJECT_NAME, COMPOSE_FILE and .env count as
# usual. Old and new code run side by side for a while, so a migration has to suit both.
set -euo pipefail

PATIENCE=${ROLLOUT_SECONDS:-180} # for a new container to turn healthy
image=$(docker compose config --images secrets) # APP_IMAGE, from the shell or from .env
name=${image##*/}
previous=${image%"$name"}${name%%[:@]*}:previous
kept='' # whether `previous` is what was there before this rollout

say() { printf 'abacus: %s\n' "$*" >&2; }

up() { # SERVICE COUNT: adds containers and touches none that is there
  docker compose up -d --no-deps --no-build --no-recreate --scale "$1=$2" "$1" 2>/dev/null
}

without() { # OLD NEW: prints what stands in NEW alone
  comm -13 <(sort <<<"$1") <(sort <<<"$2")
}

healthy() { # waits for one container
  local state end=$((SECONDS + PATIENCE))
  while [ "$SECONDS" -lt "$end" ]; do
    state=$(docker inspect -f '{{.State.Health.Status}} {{.RestartCount}}' "$1")
    case $state in
      'healthy 0') return ;;
      unhealthy* | *' '[1-9]*) return 1 ;;
    esac
    sleep 0.5
  done
  return 1
}

add() { # SERVICE COUNT: one more container, healthy; else it is removed
  local old new
  old=$(docker compose ps -qa "$1")
  up "$1" "$2"
  new=$(without "$old" "$(docker compose ps -qa "$1")")
  [ -n "$new" ] || { say "$1: Compose started no new container"; return 1; }
  healthy "$new" && return
  say "$1: a new container does not turn healthy; its last lines:"
  docker logs --tail 20 "$new" >&2 || true
  docker rm -f "$new" >/dev/null
  return 1
}

replace() { # SERVICE: one at a time, so that the machine is not busy with starting all of them at once
  local service=$1 old count container
  old=$(docker compose ps -q "$service")
  [ -n "$old" ] || { say "$service does not run; docker compose up -d starts it"; return; }
  count=$(wc -l <<<"$old")
  for container in $old; do
    say "$service: a new container beside the old, then ${container:0:12} is drained"
    add "$service" $((count + 1)) || return 1
    docker stop "$container" >/dev/null && docker rm "$container" >/dev/null
  done
}

build() { # OPTIONS...
  # A name keeps it: in containerd's image store a build drops what its name meant before (moby#48907).
  if docker image inspect "$image" >/dev/null 2>&1; then
    docker tag "$image" "$previous" || return 1
    kept=yes
  fi
  docker compose build --quiet "$@" secrets
}

failed() {
  # Whatever starts next must not get the image that failed.
  [ -z "$kept" ] || docker tag "$previous" "$image" || say "$image is still what failed: docker tag $previous $image"
  say "stopped: what failed has replaced nothing, and the other containers serve on (./run.sh doctor may tell why)."
  exit 1
}

case ${1:-} in
  --no-build) ;;
  '' | --pull) build "$@" || failed ;;
  *) say "no such option: $1 (--pull and --no-build are known)"; exit 2 ;;
esac
docker compose run --rm --no-deps secrets || failed # a newer version may want one more
docker compose run --rm --no-deps migrate >/dev/null || { say "the migrations failed"; failed; }
for service in web celery; do replace "$service" || failed; done
say "done: $image runs everywhere"
