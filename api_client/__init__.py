"""The hosted API as a library: typed records in, one exception tree out. Knows no framework.

with Client(base_url="https://api.example", token=token) as client:
    page = client.activity.list(limit=50)
"""

from api_client.client import MAX_RESPONSE_BYTES, Client, connection_pool
from api_client.errors import (
    ApiError,
    AuthRefused,
    Conflict,
    ConnectFailed,
    ConnectionLost,
    ContractError,
    Forbidden,
    InvalidRequest,
    NotFound,
    QuotaExceeded,
    RateLimited,
    Refused,
    ServiceFailed,
    StorageFailed,
    TimedOut,
    Unreachable,
)
from api_client.records.activity import ActivityEvent, ActivityPage, MalformedEvent
from api_client.records.base import Answer, JsonObject, Record
from api_client.records.catalog import Capability, CapabilityCatalog, ModelCatalog, ModelRow
from api_client.records.credits import (
    CreditPack,
    CreditPacks,
    PayableInstructions,
    PaymentMethod,
    PaymentMethods,
    PurchaseAttempt,
    PurchaseStatus,
    Quote,
    X402Deposit,
)
from api_client.records.feedback import Feedback
from api_client.records.identity import Actor, ClaimRequest, Health, SignUp, Whoami
from api_client.records.quota import DailyJobs, Quota
from api_client.records.recovery import Recovery
from api_client.records.work import (
    Asset,
    Cost,
    CreateResult,
    CreditPricing,
    Download,
    Job,
    JobFailure,
    JobInput,
    LiveResult,
    Upload,
)
from api_client.retry import RetryPolicy
from api_client.secret import Secret, redact
from api_client.transport import Timeouts

__all__ = [
    "MAX_RESPONSE_BYTES",
    "ActivityEvent",
    "ActivityPage",
    "Actor",
    "Answer",
    "ApiError",
    "Asset",
    "AuthRefused",
    "Capability",
    "CapabilityCatalog",
    "ClaimRequest",
    "Client",
    "Conflict",
    "ConnectFailed",
    "ConnectionLost",
    "ContractError",
    "Cost",
    "CreateResult",
    "CreditPack",
    "CreditPacks",
    "CreditPricing",
    "DailyJobs",
    "Download",
    "Feedback",
    "Forbidden",
    "Health",
    "InvalidRequest",
    "Job",
    "JobFailure",
    "JobInput",
    "JsonObject",
    "LiveResult",
    "MalformedEvent",
    "ModelCatalog",
    "ModelRow",
    "NotFound",
    "PayableInstructions",
    "PaymentMethod",
    "PaymentMethods",
    "PurchaseAttempt",
    "PurchaseStatus",
    "Quota",
    "QuotaExceeded",
    "Quote",
    "RateLimited",
    "Record",
    "Recovery",
    "Refused",
    "RetryPolicy",
    "Secret",
    "ServiceFailed",
    "SignUp",
    "StorageFailed",
    "TimedOut",
    "Timeouts",
    "Unreachable",
    "Upload",
    "Whoami",
    "X402Deposit",
    "connection_pool",
    "redact",
]
