"""gunicorn: load once, then fork a worker a core."""

import gategrad.engine

preload_app = True
workers = gategrad.engine.usable_cores()
bind = "127.0.0.1:8000"


def post_fork(server, worker):
    """Make in each worker what its first request would make."""
    from wsgi_app import model

    model.warm_up()
