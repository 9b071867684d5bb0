from celery import Celery

app = Celery("project")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.CELERY_DB_REUSE_MAX = 1000
app.autodiscover_tasks(["bench.rivals.setups.celery_tuned"])
