"""Any function as a task: the kind `Job`, behind django.tasks (durable.backend). To be named in INSTALLED_APPS."""
