#!/usr/bin/env bash
# A backup of the stack's MySQL, here or elsewhere, while it runs, and its restore: ./run.sh backup, ./run.sh restore.
# ./run.sh stack backup and restore do it on several machines (SWARM_STACK names theirs).
#
#   ./run.sh backup FILE     into a new file; - writes it to standard output
#   ./run.sh restore FILE    into a stack whose database is empty; it is started anew with what the file has
#
# The file is a tar of manifest.json (when, version, migrations, rows of each table, checksum) and database.sql.gz, which
# any mysql client can read. It is of one moment: --single-transaction, so nobody waits for it. It holds no secrets of
# .env, and all data. COMPOSE_PROJECT_NAME, COMPOSE_FILE and .env count as usual. ./run.sh without Docker makes
# the same of SQLite by itself (durable/embedded/backup.py).
set -euo pipefail

say() { printf 'abacus: %s\n' "$*" >&2; }
die() { say "$@"; exit 1; }

folder=$(mktemp -d "${TMPDIR:-/tmp}/abacus-backup.XXXXXX")
trap 'rm -rf "$folder"' EXIT

# shellcheck disable=SC2016  # it is expanded there, where root can log in by the socket
as_root='export MYSQL_PWD=$(cat /run/secrets/mysql_root_password) LOGIN=-uroot POSITION=--source-data=2; '

# in_mysql SCRIPT [ARGUMENT...]: where MySQL's client is, which takes $LOGIN
# manage ARGUMENT...: by the image that is to run with the data
# start_mysql, stop_app, start_app: the app may be stopped, since it has nothing to do while the database is empty
if [ -n "${SWARM_STACK:-}" ]; then
  emptier="remove what is there, if nobody needs it: ./run.sh stack down, docker volume rm ${SWARM_STACK}_mysql-data"
  container() {
    docker ps -q --filter "label=com.docker.swarm.service.name=${SWARM_STACK}_mysql" --filter health=healthy | grep . ||
      die "MySQL does not run on this machine: do it on the one that has the label abacus.mysql=true."
  }
  in_mysql() {
    local id
    id=$(container)
    docker exec -i "$id" bash -euo pipefail -c "$as_root$1" "$@"
  }
  manage() {
    docker run --rm -i --network none -e DJANGO_SECRET_KEY="$(head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \n')" \
      "${APP_IMAGE:-abacus}" manage "$@"
  }
  start_mysql() { ./stack.sh up mysql && container >/dev/null; }
  stop_app() {
    docker service ls -q --filter "name=${SWARM_STACK}_web" --filter "name=${SWARM_STACK}_celery" | sed 's/$/=0/' |
      xargs -r docker service scale
  }
  start_app() { ./stack.sh up; }
else
  emptier='restore into a new project (COMPOSE_PROJECT_NAME=other), or remove this one with its data (docker compose down -v)'
  here() { # whether the project has a MySQL of its own
    [ -n "${services:=$(docker compose config --services)}" ] && grep -qx mysql <<<"$services"
  }
  in_mysql() {
    # shellcheck disable=SC2016  # it is expanded there
    if here; then docker compose exec -T mysql bash -euo pipefail -c "$as_root$1" "$@"
    else # as the app's user, who may not ask for the place in the binary log
      docker compose run --rm --no-deps -T mysql-client 'export MYSQL_PWD=$(cat /run/secrets/mysql_password) POSITION=
        LOGIN="-h$MYSQL_HOST -P$MYSQL_PORT -u$MYSQL_USER --ssl-mode=${MYSQL_SSL_MODE^^}"
        LOGIN+=${MYSQL_SSL_CA_FILE:+ --ssl-ca=$MYSQL_SSL_CA_FILE}; '"$1" "$@"
    fi
  }
  manage() { docker compose run --rm --no-deps -T migrate manage "$@"; }
  start_mysql() { if here; then docker compose up -d --wait mysql; else docker compose up --no-log-prefix secrets; fi; }
  stop_app() { docker compose stop haproxy web celery; }
  start_app() { docker compose up -d; }
fi

sql() { # STATEMENT: prints its rows
  # shellcheck disable=SC2016
  in_mysql 'mysql $LOGIN -N -B "$MYSQL_DATABASE" -e "$1"' "$1" </dev/null
}

object() { # reads "NAME NUMBER" lines, or with an argument "NAME WORD" lines; prints a JSON object
  awk -v q="${1:-}" 'BEGIN { printf "{" } { printf "%s\"%s\": %s%s%s", sep, $1, q, $2, q; sep = ", " } END { printf "}" }'
}

backup() { # FILE
  local target=$1 sum version
  [ "$target" = - ] || [ ! -e "$target" ] || die "$target is there already: name another file."
  # One INSERT per row, so that they can be counted in what was written; per table one transaction, so that it is read
  # fast all the same. $POSITION: from which place in the binary log on a recovery would go on.
  # shellcheck disable=SC2016
  in_mysql 'mysqldump $LOGIN --single-transaction $POSITION --no-tablespaces --set-gtid-purged=OFF --hex-blob \
    --skip-extended-insert --no-autocommit "$MYSQL_DATABASE"' | gzip >"$folder/database.sql.gz"
  gzip -dc "$folder/database.sql.gz" | sed -n 's/^CREATE TABLE `\([^`]*\)` .*/\1 0/p; s/^INSERT INTO `\([^`]*\)` .*/\1 1/p; $p' |
    awk '/^-- Dump completed/ { whole = 1; next } { n[$1] += $2 }
      END { if (!whole) exit 1; for (table in n) print table, n[table] }' | sort >"$folder/rows" ||
    die "The dump is not whole: nothing was written."
  sum=$(sha256sum <"$folder/database.sql.gz")
  version=$(sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)
  printf '{"made": "%s", "version": "%s", "database": "mysql",\n "migrations": %s,\n "rows": %s,\n "sha256": "%s"}\n' \
    "$(date -u +%Y-%m-%dT%H:%M:%S+00:00)" "$version" \
    "$(sql 'SELECT app, MAX(name) FROM django_migrations GROUP BY app' | object '"')" "$(object <"$folder/rows")" \
    "${sum%% *}" >"$folder/manifest.json"
  if [ "$target" = - ]; then
    tar -C "$folder" -cf - manifest.json database.sql.gz
  else
    (umask 077 && tar -C "$folder" -cf "$target.part" manifest.json database.sql.gz)
    mv "$target.part" "$target"
  fi
  say "$(awk '{ n += $2 } END { print n " rows of " NR " tables" }' "$folder/rows")"
}

rows_of_its_own() { # prints "TABLE NUMBER" of each table that holds what somebody has made
  # shellcheck disable=SC2016
  sql "SELECT CONCAT('SELECT ''', table_name, ''', COUNT(*) FROM \`', table_name, '\`;') FROM information_schema.tables
    WHERE table_schema = DATABASE() AND NOT table_name REGEXP
    '^(django_|auth_permission$|auth_group|durable_(claim|worker|lease|counter|total|tally)$)'" |
    in_mysql 'mysql $LOGIN -N -B "$MYSQL_DATABASE"' | awk '$2 > 0 { print $1, $2 }'
}

restore() { # FILE
  local source=$1 sum held
  [ -f "$source" ] || die "There is no file $source: name the backup, ./run.sh restore FILE."
  tar -C "$folder" -xf "$source" manifest.json database.sql.gz || die "$source is no whole backup of a Compose stack."
  sum=$(sha256sum <"$folder/database.sql.gz")
  grep -q "\"sha256\": \"${sum%% *}\"" "$folder/manifest.json" ||
    die "$source is damaged: its checksum is not the one that its manifest names. Take another one."
  start_mysql >&2
  held=$(rows_of_its_own)
  [ -z "$held" ] || die "The database is not empty (${held//$'\n'/, }): $emptier."
  manage help restore >/dev/null 2>&1 </dev/null ||
    die "The image of the stack is older than this checkout and knows no restore: build it anew, then try again."
  manage restore --fits <"$folder/manifest.json"
  stop_app >&2
  load
  start_app >&2
  say "restored; what had not ended goes on"
}

load() { # the dump into the database, all of it or nothing
  empty
  # Who worked on what is of no use in another life: what they held waits, and the sweep publishes it.
  # shellcheck disable=SC2016
  { gzip -dc "$folder/database.sql.gz" &&
    printf 'DELETE FROM durable_claim; DELETE FROM durable_worker; DELETE FROM durable_lease; COMMIT;\n'; } |
    in_mysql 'mysql $LOGIN "$MYSQL_DATABASE"' || { empty; die "The dump could not be read: the database is empty again."; }
}

empty() { # no table is left; the database itself stays, which elsewhere the app's user might not make again
  # shellcheck disable=SC2016
  { echo 'SET FOREIGN_KEY_CHECKS = 0;'
    sql "SELECT CONCAT('DROP TABLE \`', table_name, '\`;') FROM information_schema.tables WHERE table_schema = DATABASE()"
  } | in_mysql 'mysql $LOGIN "$MYSQL_DATABASE"'
}

case ${1:-} in
  backup | restore) [ $# -eq 2 ] || die "name a file: ./run.sh $1 FILE"; "$1" "$2" ;;
  *) die "no such thing: ${1:-} (backup, restore)" ;;
esac
