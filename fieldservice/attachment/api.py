"""Photos and signatures over HTTP: sent once per content, opened by those who may read the row they stand in."""

from typing import Any

from django.http import HttpResponse
from django.urls import path
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from backend.accounts.authentication import caller
from backend.accounts.rules import Can
from backend.core.attachment import MAX_BYTES, PhotoTooLarge, bytes_of, keep_photo
from backend.core.endpoint import Endpoint, operation
from backend.core.fields import In, Out, Photo
from backend.core.paging import get_or_404
from backend.core.permissions import Open
from backend.core.strict import PhotoParser
from fieldservice.attachment import queries

SUFFIX = {"image/jpeg": "jpg", "image/png": "png"}
FRAME_BYTES = 65_536  # what multipart/form-data adds around the file, generously
A_YEAR_S = 31_536_000  # the bytes of a hash never change; only this browser may keep them


class AttachmentIn(In):
    photo = Photo(help_text="JPEG, PNG or WebP, at most 8 MB and 25 megapixels.")


class AttachmentOut(Out):
    sha256 = serializers.CharField(help_text="Of the bytes sent: how records name the photo.")
    media_type = serializers.CharField()
    size_bytes = serializers.IntegerField(help_text="As stored, after re-encoding.")
    width_px = serializers.IntegerField()
    height_px = serializers.IntegerField()
    received_at = serializers.DateTimeField()


class Attachments(Endpoint):
    rate = "photo"
    parser_classes = (PhotoParser,)

    # The content is its own key: no Idempotency-Key is needed.
    @operation(Can.UPLOAD_PHOTO, takes=AttachmentIn, gives=AttachmentOut, status=201, replays=False)
    def post(self, request: Request) -> Response:
        """Send a photo or signature; the same bytes again give the same answer. Stored without EXIF or position."""
        if int(request.META.get("CONTENT_LENGTH") or 0) > MAX_BYTES + FRAME_BYTES:
            raise PhotoTooLarge(limit=MAX_BYTES)
        photo = self.read()["photo"]
        return self.answer(keep_photo(photo.read(), by_id=caller(request).pk))


class AttachmentDetail(Endpoint):
    @operation(Open.SIGNED_IN, media_type=("image/jpeg", "image/png"))
    def get(self, request: Request, sha256: str) -> HttpResponse:
        """The picture, for its sender and those who may read a row that shows it."""
        photo = get_or_404(queries.attachments_for(caller(request)), sha256=sha256)
        response = HttpResponse(bytes_of(photo), content_type=photo.media_type)
        name = f"{photo.sha256[:16]}.{SUFFIX[photo.media_type]}"
        response["Content-Disposition"] = f'attachment; filename="{name}"'
        response["X-Content-Type-Options"] = "nosniff"
        response["Content-Security-Policy"] = "default-src 'none'; sandbox"
        response["Cache-Control"] = f"private, max-age={A_YEAR_S}, immutable"
        return response


urlpatterns: list[Any] = [
    path("attachments", Attachments.as_view()),
    path("attachments/<str:sha256>", AttachmentDetail.as_view()),
]
