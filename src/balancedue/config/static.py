"""Static files under hashed, compressed, cacheable names."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class Hashed(CompressedManifestStaticFilesStorage):
    """Names carry a content hash, so browsers may keep them for a year."""
