"""What the JSON API takes."""

from rest_framework import serializers


class ClaimConfirmationSerializer(serializers.Serializer[None]):
    code = serializers.CharField(max_length=100)


class ClaimRequestSerializer(serializers.Serializer[None]):
    contact = serializers.EmailField(max_length=254)
