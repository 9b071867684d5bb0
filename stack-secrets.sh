# shellcheck shell=bash
# shellcheck disable=SC2154  # stack.sh, which reads this, says where MySQL and Redis are
# The secrets of the stack on several machines. Each is named by its content, since Swarm's cannot be changed: another value
# is another secret, and so an update.

given() { # NAME: prints what the user gave, as NAME or as the file NAME_FILE
  local value=${!1:-} path=$1_FILE
  path=${!path:-}
  [ -z "$value" ] || [ -z "$path" ] || die "$1 and $1_FILE are both set: give one of them."
  [ -z "$path" ] || [ -r "$path" ] || die "$1_FILE names $path, which cannot be read here: make it, or run this as its owner."
  [ -z "$path" ] || value=$(cat "$path")
  printf '%s' "$value"
}

newest() { # KEY: the name of the secret that was made last
  docker secret ls -q --filter "label=abacus.secret=$stack/$1" |
    xargs -r docker secret inspect -f '{{.CreatedAt}} {{.Spec.Name}}' | sort | tail -n 1 | sed 's/.* //'
}

use() { # KEY NAME: docker-stack.yaml finds the name in the variable secret_KEY
  export "secret_$1=$2"
}

keep() { # KEY VALUE
  local name
  name=${stack}_$1_$(printf '%s' "$2" | sha256sum | cut -c 1-12)
  if [ -z "$(docker secret ls -q --filter "name=$name")" ]; then
    printf '%s' "$2" | docker secret create --label "abacus.secret=$stack/$1" "$name" - >/dev/null
    say "made the secret $name"
  fi
  use "$1" "$name"
}

secret() { # NAME: what was given, else what is there, else a new one
  local key value name
  key=$(tr '[:upper:]' '[:lower:]' <<<"$1")
  value=$(given "$1")
  name=$(newest "$key")
  if [ -n "$value" ] || [ -z "$name" ]; then keep "$key" "${value:-$(random)}"; else use "$key" "$name"; fi
}

optional() { # NAME: what was given; Swarm keeps nothing that is empty, and those who read it ignore an empty line
  local value
  value=$(given "$1")
  keep "$(tr '[:upper:]' '[:lower:]' <<<"$1")" "${value:-$'\n'}"
}

random() { head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \n'; }

make_secrets() {
  local name
  for name in DJANGO_SECRET_KEY MYSQL_ROOT_PASSWORD REDIS_ADMIN_PASSWORD; do secret "$name"; done
  for name in DJANGO_SECRET_KEY_FALLBACKS DJANGO_SUPERUSER_PASSWORD MYSQL_SSL_CA REDIS_SSL_CA; do optional "$name"; done
  if [ "$mysql_replicas" -eq 1 ]; then secret MYSQL_PASSWORD
  else
    [ -n "${MYSQL_PASSWORD:-}${MYSQL_PASSWORD_FILE:-}" ] || die "MYSQL_HOST is set to $MYSQL_HOST, so the password of its user" \
      "${MYSQL_USER:-abacus} is needed: set MYSQL_PASSWORD_FILE (or MYSQL_PASSWORD) in .env."
    optional MYSQL_PASSWORD
  fi
  if [ "$redis_replicas" -eq 1 ]; then secret REDIS_PASSWORD; else optional REDIS_PASSWORD; fi
  # Given as a value, it is in the environment already, and once is enough.
  CELERY_BROKER_URL='' optional CELERY_BROKER_URL
}

forget_secrets() { # those in whose place another is in use; what nothing uses may belong to data that is still there
  local used name
  used=$(docker stack services -q "$stack" |
    xargs -r docker service inspect -f '{{range .Spec.TaskTemplate.ContainerSpec.Secrets}}{{println .SecretName}}{{end}}')
  for name in $(docker secret ls --filter "label=abacus.secret" --format '{{.Name}}' | grep "^${stack}_"); do
    if ! grep -qx "$name" <<<"$used" && grep -qx "${name%_*}_[0-9a-f]*" <<<"$used"; then
      docker secret rm "$name" >/dev/null
      say "removed the secret $name, which nothing uses any more"
    fi
  done
}
