"""The queues in RabbitMQ. Both are quorum queues: durable, and written to disk before they confirm.

RabbitMQ keeps the arguments that a queue was made with and refuses others: to change one, give the queue a new name.
How many messages may wait in `tasks` is no argument, therefore, but a policy (MAX_QUEUE, docker-compose.yaml): that may
change, and a queue that is there already has it, too.
"""

from kombu import Exchange, Queue

# How many runs may end in the death of their worker before the task is given up (celery.py).
MOST_DEATHS = 5

DEAD = Queue("tasks.dead", Exchange(""), routing_key="tasks.dead", queue_arguments={"x-queue-type": "quorum"})
TASKS = Queue(
    "tasks",
    Exchange("tasks", type="topic"),
    routing_key="tasks",
    queue_arguments={
        "x-queue-type": "quorum",
        # RabbitMQ's own limit, for a message that kills workers before they can count.
        "x-delivery-limit": 20,
        "x-dead-letter-exchange": "",
        "x-dead-letter-routing-key": DEAD.name,
        # On its way to the other queue a message is in one of the two at any time; that needs reject-publish, by
        # which RabbitMQ also tells a publisher that the queue is full.
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    },
)
