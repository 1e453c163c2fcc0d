"""The views that `scan_http.py` compares with POST /api/v1/scans."""

import json
from typing import Any

from django.http import HttpRequest, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from knox.auth import TokenAuthentication
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import JSONParser
from rest_framework.permissions import IsAuthenticated
from rest_framework.renderers import BrowsableAPIRenderer, JSONRenderer
from rest_framework.response import Response
from rest_framework.serializers import ModelSerializer
from rest_framework.views import APIView

from backend.urls import urlpatterns as house
from traceability.batch.models import Batch
from traceability.product.models import Product
from traceability.scan import log
from traceability.scan.api import Scans


@csrf_exempt
def bare(request: HttpRequest) -> JsonResponse:
    """One indexed look-up by Django's ORM, nothing else: no token, no checks, no log. The baseline."""
    code = json.loads(request.body)["raw"]
    batch = Batch.objects.select_related("product").filter(code_norm=code).first()
    if batch is None:
        return JsonResponse({"detail": "not found"}, status=404)
    return JsonResponse(
        {
            "id": str(batch.pk),
            "code": batch.code,
            "status": batch.status,
            "produced_on": batch.produced_on,
            "expires_on": batch.expires_on,
            "product": {"id": str(batch.product_id), "sku": batch.product.sku, "name": batch.product.name_zh},
        }
    )


class ProductSerializer(ModelSerializer):
    class Meta:
        model = Product
        fields = ["id", "sku", "name_zh", "name_en", "family"]


class BatchSerializer(ModelSerializer):
    product = ProductSerializer()

    class Meta:
        model = Batch
        fields = ["id", "code", "status", "plant", "produced_on", "expires_on", "qty_kg", "product"]


class PlainDrf(APIView):
    """As usually written: knox's own authentication, a nested ModelSerializer, DRF's defaults."""

    authentication_classes = (TokenAuthentication,)
    permission_classes = (IsAuthenticated,)
    parser_classes = (JSONParser,)
    renderer_classes = (JSONRenderer, BrowsableAPIRenderer)
    content_negotiation_class = DefaultContentNegotiation
    throttle_classes = ()

    def post(self, request: Any) -> Response:
        batch = Batch.objects.filter(code_norm=request.data["raw"]).first()
        if batch is None:
            return Response({"detail": "not found"}, status=404)
        return Response(BatchSerializer(batch).data)


class Unlogged(Scans):
    """The scan as it is, but for its log row."""


def _unlogged(rows: Any) -> set[Any]:
    return {row["id"] for row in rows}


def unlogged(request: HttpRequest) -> Any:
    """POST /bench/unlogged: one process serves one request at a time here, so swapping the function is safe."""
    kept = log.write
    log.write = _unlogged
    try:
        return _view(request)
    finally:
        log.write = kept


_view = Unlogged.as_view()
unlogged.csrf_exempt = True  # type: ignore[attr-defined]  # as DRF marks its views

urlpatterns = [
    *house,
    path("bench/bare", bare),
    path("bench/plain-drf", PlainDrf.as_view()),
    path("bench/unlogged", unlogged),
]
