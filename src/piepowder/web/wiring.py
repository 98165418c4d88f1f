"""The one place that joins the rooms' doors, by hand.

Every endpoint needs an operator's key, by this default; what needs none says `auth=None` where it stands. Each asks for
its own permission on top.
"""

import piepowder
from piepowder.rooms.appstore.api import apps
from piepowder.rooms.appstore.api import versions as app_versions
from piepowder.rooms.assessments.api import router as assessments
from piepowder.rooms.audits.api import router as audits
from piepowder.rooms.billing.api import plans, subscriptions
from piepowder.rooms.billing.api import router as billing
from piepowder.rooms.consent.api import clients
from piepowder.rooms.consent.api import router as grants
from piepowder.rooms.developers.api import identities
from piepowder.rooms.developers.api import router as developers
from piepowder.rooms.enforcement.api import router as cases
from piepowder.rooms.evidence.api import router as evidence
from piepowder.rooms.ground import http
from piepowder.rooms.imports.api import router as imports
from piepowder.rooms.notices.api import router as letters
from piepowder.rooms.people.api import accounts, keys
from piepowder.rooms.people.api import router as sellers
from piepowder.rooms.people.doors import KeyBearer
from piepowder.rooms.publication.api import router as policies
from piepowder.rooms.records.api import router as records
from piepowder.rooms.standing.api import router as standing
from piepowder.rooms.store.api import router as store
from piepowder.web.openapi import DESCRIPTION, TAGS, Api

# No interactive documentation page: it would load scripts from elsewhere. The OpenAPI document is at /api/openapi.json,
# and the console shows it under /api-guide/.
api = Api(
    title="Piepowder",
    version=piepowder.__version__,
    description=DESCRIPTION,
    auth=KeyBearer(),
    docs_url=None,
    urls_namespace="api",
    openapi_extra={"tags": TAGS},
)
http.install(api)
api.add_router("/developers", developers)
api.add_router("/identities", identities)
api.add_router("/evidence", evidence)
api.add_router("/apps", apps)
api.add_router("/app-versions", app_versions)
api.add_router("/standing", standing)
api.add_router("/assessments", assessments)
api.add_router("/audits", audits)
api.add_router("/cases", cases)
api.add_router("/sellers", sellers)
api.add_router("/letters", letters)
api.add_router("/accounts", accounts)
api.add_router("/keys", keys)
api.add_router("/store", store)
api.add_router("/grants", grants)
api.add_router("/clients", clients)
api.add_router("/plans", plans)
api.add_router("/subscriptions", subscriptions)
api.add_router("/billing", billing)
api.add_router("/imports", imports)
api.add_router("/policies", policies)
api.add_router("/records", records)
