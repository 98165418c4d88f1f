cd /tmp/court; export PYTHONPATH=/tmp/court/src DJANGO_SETTINGS_MODULE=piepowder.web.settings PIEPOWDER_SECRET_KEY=x PIEPOWDER_DATABASE_URL=postgresql:///x
/work/main/.venv/bin/django-admin makemigrations enforcement standing -n ${1:-initial} 2>&1 | tail -12
