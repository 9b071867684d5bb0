#!/usr/bin/env bash
# How version_1_0_0.sql was made: by the code of version 1.0.0, in each state that a row can have.
#
#   git clone . /tmp/old && git -C /tmp/old checkout 9aa9c2c
#   tests/e2e/version_1_0_0.sh /tmp/old >tests/e2e/version_1_0_0.sql
set -euo pipefail
cd -- "$1"
export COMPOSE_PROJECT_NAME=abacus-version-1 APP_IMAGE=abacus-version-1 HTTP_PORT=${HTTP_PORT:-18099} COMPOSE_PROGRESS=quiet
url=http://127.0.0.1:$HTTP_PORT

post() { # PATH JSON KEY
  curl -fsS -o /dev/null -H 'Content-Type: application/json' -H "Idempotency-Key: $3" -d "$2" "$url$1"
}
task() { post /api/tasks "{\"x\": \"$1\", \"task_type\": \"$2\", \"y\": \"$3\"}" "$4"; } # X OPERATION Y KEY
sql() { docker compose exec -T mysql sh -c 'MYSQL_PWD=$(cat /run/secrets/mysql_password) exec "$@" -h127.0.0.1 -u"$MYSQL_USER" "$MYSQL_DATABASE"' sh "$@"; }
count() { sql mysql -NB -e "SELECT COUNT(*) FROM math_task WHERE status = '$1'" </dev/null; }
shell() { docker compose exec -T web python web/manage.py shell -c "$1" >&2; }
until_is() { for _ in $(seq 300); do [ "$(count "$1")" = "$2" ] && return; sleep 0.2; done; echo "never $2 $1" >&2; exit 1; }

trap 'docker compose down -v --timeout 1 >&2' EXIT
docker compose up -d --build --wait >&2

# What has ended: success, failed, cancelled; a batch that is done.
task 0.1 add 0.2 success-1
task 2 multiply 21 success-2
task 1 divide 0 failed-1
post /api/batches '{"tasks": [{"x":"1","task_type":"add","y":"1"},{"x":"1","task_type":"divide","y":"0"},{"x":"7","task_type":"minus","y":"2"}]}' batch-done
until_is success 4
# An operation that is taken away; a task that killed its worker five times. (Both in the old code's own words.)
sql mysql <<'SQL'
INSERT INTO math_task (x, task_type, y, result, status, error, attempts, worker, queue) VALUES
  ('2', 'power', '3', '', 'created', '', 0, '', 'tasks'), ('6', 'add', '6', '', 'pending', '', 5, 'dead-0000/7', 'tasks');
SQL
shell "from arithmetic.models import MathTask; MathTask.objects.release('dead-0000/7')"
until_is failed 4

# One worker of two processes that dies at work; what it had not begun waits.
docker compose stop beat celery >&2
TASK_SECONDS=20 docker compose up -d --no-deps celery >&2
task 1 add 1 pending-1
task 2 add 2 pending-2
until_is pending 2
task 3 add 3 created-1
task 4 add 4 created-2
post /api/batches '{"tasks": [{"x":"10","task_type":"add","y":"1"},{"x":"20","task_type":"add","y":"1"},{"x":"30","task_type":"add","y":"1"}]}' batch-waiting
docker compose kill celery >&2
task 5 add 5 cancelled-1
shell "from arithmetic.models import MathTask; t = MathTask.objects.latest('pk'); MathTask.objects.cancel([t.pk])"
# A batch of which one row had been claimed.
shell "from arithmetic.models import MathTask; t = MathTask.objects.exclude(batch=None).latest('pk'); print(MathTask.objects.claim([t.pk], 'dead-0000/8'))"
{
  echo '-- What Redis still held of it, one message a line:'
  for queue in tasks batches; do
    docker compose exec -T redis sh -c "REDISCLI_AUTH=\$(cat /run/secrets/redis_password) redis-cli LRANGE $queue 0 -1" | sed "s/^/-- $queue /"
  done
  docker compose exec -T mysql sh -c 'MYSQL_PWD=$(cat /run/secrets/mysql_root_password) exec mysqldump -uroot --single-transaction \
    --set-gtid-purged=OFF --skip-comments --skip-add-locks --skip-disable-keys --skip-set-charset "$MYSQL_DATABASE"'
}
