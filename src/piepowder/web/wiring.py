"""The one place that joins the rooms' doors, by hand."""

from ninja import NinjaAPI

import piepowder

# No interactive documentation page: it would load scripts from elsewhere. The OpenAPI document is at /api/openapi.json.
api = NinjaAPI(title="Piepowder", version=piepowder.__version__, docs_url=None, urls_namespace="api")
