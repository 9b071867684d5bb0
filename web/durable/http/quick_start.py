"""How the API's document begins: a task from its creation to its result, by commands that a test runs."""

import json
import shlex

from django.conf import settings

from durable.http import samples
from durable.http.asked import api_address
from durable.http.columns import example_csv
from durable.kinds import Kind

TEXT = """\
Tasks that run in the background. An error is `{{"error": "a sentence"}}` with a fitting status; fields and parameters
that are not in this document are refused. Without a name, one may {may} here; where a name is needed, send
`Authorization: Bearer` with a token.

## Quick start

{steps}Lists are newest first. What has not ended can be cancelled, what failed or was cancelled can be retried:

```sh
curl '{site}{all}?status=failed&limit=20'   # `next` of the answer is the value for `before`
curl -X POST {site}{all}/{id}/cancel
curl -X POST {site}{all}/{id}/retry
```

## Follow what changes

1. `GET {all}` once. Keep its `since`.
2. `GET {all}?since=...` again and again: `items` are the tasks that have changed, the oldest change first, and `since`
   is where to go on. The list's filters work here, too. It costs the same however many tasks there are. An answer is up
   to a second old, so more than one request a second tells nothing new.
3. What changed within the last two seconds may be told twice: put each task in the place of the one with its `id`.
4. `more` is true where too much has changed to tell it all: begin again at 1.

```sh
curl '{site}{all}?since={since}'
```

A task is `scheduled` until its `run_after`, `created` while it waits, `pending` while it runs, and ends as `success`,
`failed` or `cancelled`.
"""
CREATION = """\
Create a task. The answer is 201 with the task; its `Location` is where to look. The same `Idempotency-Key` again is
answered with 200 and the same task, so a client that lost the answer simply sends again.

```sh
curl -i {site}{all} -H 'Content-Type: application/json' -H 'Idempotency-Key: order-1' -d {body}
curl {site}{all}/{id}   # until its status is success, failed or cancelled
```

Many at once, as CSV or JSON; all of them are stored, or none:

```sh
curl {site}{batches} -H 'Content-Type: text/csv' --data-binary {file}
curl {site}/api/batches/{batch}
curl {site}/api/batches/{batch}/results.csv
```

"""
MAY = {"open": "look, create, cancel and retry", "read": "look", "login": "do nothing"}
SITE = "http://localhost"


def quick_start(kind: Kind) -> str:
    """Of the first kind."""
    every = api_address(kind, "").rstrip("/")
    values = {"site": SITE, "all": every, "id": samples.TASK, "batch": samples.BATCH, "since": samples.SINCE}
    steps = ""
    if kind.creatable:
        body = shlex.quote(json.dumps(samples.sent(kind), ensure_ascii=False))
        batches = "/api/batches" if kind.first else f"{every}/batches"
        steps = CREATION.format(body=body, file=shlex.quote(example_csv(kind)), batches=batches, **values)
    return TEXT.format(may=MAY[settings.ACCESS], steps=steps, **values)
