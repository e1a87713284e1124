"""Words for jobs, assets and their files; the glossary in `dashboard/lib/presentation.py` takes them in."""

# Text, icon and, where it has one, tone of each, as the glossary's Word takes them.
WORK_WORDS: dict[str, dict[str, tuple[str, ...]]] = {
    "operation": {
        "create": ("Create", "image"),
        "edit": ("Edit", "edit"),
        "upload": ("Upload", "upload"),
    },
    "asset_kind": {
        "image": ("Picture", "image"),
        "video": ("Video", "play"),
        "audio": ("Audio", "assets"),
        "3d": ("Model in 3D", "assets"),
        "other": ("File", "assets"),
    },
    "asset_source": {
        "generated": ("Generated", "image"),
        "uploaded": ("Uploaded", "upload"),
    },
    "reading": {
        "wanted": ("Being read", "waiting"),
        "read": ("Read", "done", "good"),
        "missing": ("Missing", "unknown", "warn"),
        "unreadable": ("Could not be read", "failed", "bad"),
    },
    "preview": {
        "pending": ("Being prepared", "waiting"),
        "ready": ("Ready", "done", "good"),
        "tile": ("Shown as a tile", "assets"),
        "cannot_preview": ("Cannot preview", "unknown", "warn"),
        "gone": ("Gone", "canceled", "warn"),
    },
    # Of dashboard/assets/decoder.py and dashboard/assets/media.py.
    "preview_problem": {
        "not_a_picture": ("The file is no picture and no video that can be shown", "unknown"),
        "too_large": ("The picture is too large to be made small", "unknown"),
        "file_too_large": ("The file is too large to be fetched", "unknown"),
        "broken": ("The file is broken or cut off", "failed"),
        "too_slow": ("The file takes too long to be read", "unknown"),
        "crashed": ("The file could not be read: its decoder gave up", "failed"),
        "no_decoder": ("Videos cannot be read here: the decoder is not installed", "unknown"),
        "no_address": ("Image Skill told no address of the file", "unknown"),
        "not_allowed": ("The file lies at an address that we do not ask", "unknown"),
        "unreachable": ("The file could not be fetched for a day", "failed"),
        "gone": ("Image Skill does not have the file any more", "canceled"),
        "purged": ("Purged by an owner of this workspace", "canceled"),
        "internal": ("Something went wrong here", "failed"),
    },
}
