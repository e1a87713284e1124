"""Words for jobs, assets and their files."""

from django.conf import settings

from dashboard.lib.words import Tone, Word

WORK_WORDS: dict[str, dict[str, Word]] = {
    "operation": {
        "create": Word("Create", "image"),
        "edit": Word("Edit", "edit"),
        "upload": Word("Upload", "upload"),
    },
    "asset_kind": {
        "image": Word("Picture", "image"),
        "video": Word("Video", "play"),
        "audio": Word("Audio", "assets"),
        "3d": Word("Model in 3D", "assets"),
        "other": Word("File", "assets"),
    },
    "asset_source": {
        "generated": Word("Generated", "image"),
        "uploaded": Word("Uploaded", "upload"),
    },
    "reading": {
        "wanted": Word("Being read", "waiting"),
        "read": Word("Read", "done", Tone.GOOD),
        "missing": Word("Missing", "unknown", Tone.WARN),
        "unreadable": Word("Could not be read", "failed", Tone.BAD),
    },
    "preview": {
        "pending": Word("Being prepared", "waiting"),
        "waiting": Word("Not fetched yet", "waiting"),
        "ready": Word("Ready", "done", Tone.GOOD),
        "tile": Word("Shown as a tile", "assets"),
        "cannot_preview": Word("Cannot preview", "unknown", Tone.WARN),
        "gone": Word("Gone", "canceled", Tone.WARN),
    },
    # Of dashboard/assets/decoder.py and dashboard/assets/media.py.
    "preview_problem": {
        "not_a_picture": Word("The file is of no kind that can be shown", "unknown"),
        "too_large": Word("The picture is too large to be made small", "unknown"),
        "file_too_large": Word("The file is too large to be fetched", "unknown"),
        "broken": Word("The file is broken or cut off", "failed"),
        "too_slow": Word("The file takes too long to be read", "unknown"),
        "crashed": Word("The file could not be read: its decoder gave up", "failed"),
        "no_decoder": Word("Videos cannot be read here: the decoder is not installed", "unknown"),
        "no_address": Word(f"{settings.PRODUCT_NAME} told no address of the file", "unknown"),
        "not_allowed": Word("The file lies at an address that we do not ask", "unknown"),
        "denied": Word(f"{settings.PRODUCT_NAME} does not hand out the file", "failed"),
        "redirects": Word("The file's address leads on and on", "failed"),
        "odd_answer": Word("Its host's answer was no file", "failed"),
        "unreachable": Word("The file cannot be fetched: its host is away", "failed"),
        "gone": Word(f"{settings.PRODUCT_NAME} does not have the file", "canceled"),
        "purged": Word("Purged by an owner of this workspace", "canceled"),
        "internal": Word("Something went wrong here", "failed"),
    },
}
