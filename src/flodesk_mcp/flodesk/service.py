"""What is particular to Flodesk's API. Source: flodesk-api, Errors, Limits."""

from collections.abc import Iterable, Mapping

from flodesk_mcp.api.service import QuotaFacts, Service, quota_facts

__all__ = ["FLODESK"]


class _Flodesk(Service):
    name = "Flodesk"

    def quota_facts(self, headers: Mapping[str, str]) -> Iterable[QuotaFacts]:
        return quota_facts(headers, "X-Fd-RateLimit-Limit", "X-Fd-RateLimit-Remaining")


FLODESK = _Flodesk()
