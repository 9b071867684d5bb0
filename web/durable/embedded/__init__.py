"""Everything on one machine, without Docker: Redis, web, worker and beat under one process (manage.py embedded)."""
