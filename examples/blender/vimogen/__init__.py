"""Add-on for Blender 4.2 and newer: a sentence becomes the motion of an armature."""

import bpy

from . import operators, panel, settings

_CLASSES = (*operators.CLASSES, *panel.CLASSES)


def register() -> None:
    """Called by Blender when the add-on is enabled."""
    settings.register()
    for cls in _CLASSES:
        bpy.utils.register_class(cls)


def unregister() -> None:
    """Called by Blender when the add-on is disabled."""
    if operators.VIMOGEN_OT_generate.running is not None:
        operators.VIMOGEN_OT_generate.stopped = True
    for cls in reversed(_CLASSES):
        bpy.utils.unregister_class(cls)
    settings.unregister()
