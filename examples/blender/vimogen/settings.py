"""Settings in the panel, kept in the scene, and preferences of the add-on."""

import bpy
from bpy.props import EnumProperty, FloatProperty, IntProperty, PointerProperty, StringProperty

# Custom properties of an action, each from the setting of its name.
KEPT = ("prompt", "seed", "seconds", "steps")


class VimogenSettings(bpy.types.PropertyGroup):
    """Settings of the next generation."""

    prompt: StringProperty(
        name="Prompt", description="What the person does", default="a person walks forward and waves"
    )
    seed: IntProperty(name="Seed", description="The same seed and prompt give the same motion", default=42, min=0)
    seconds: FloatProperty(name="Seconds", description="Length of the motion", default=5, min=0.1, max=3600, step=50)
    steps: IntProperty(name="Steps", description="Steps from noise to motion. 0: as the model has it", min=0, max=1000)
    start: IntProperty(name="Start", description="Frame of the first pose", default=1)
    target: EnumProperty(
        name="Onto",
        items=[
            ("ACTIVE", "Active armature", "The active armature, whose bones are found by their names"),
            ("NEW", "New armature", "A new armature with the bones of the motion"),
        ],
        default="NEW",
    )


class VimogenPreferences(bpy.types.AddonPreferences):
    """Where vimogen is."""

    bl_idname = __package__

    python: StringProperty(
        name="Python",
        description="A Python in which vimogen is installed. Empty: Blender's own",
        subtype="FILE_PATH",
    )
    model: StringProperty(name="Model", description="Folder of a model. Empty: the built-in one", subtype="DIR_PATH")
    encoder: StringProperty(
        name="Text encoder", description="Folder of the text encoder of a released model", subtype="DIR_PATH"
    )

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the preferences."""
        for name in ("python", "model", "encoder"):
            self.layout.prop(self, name)


def preferences(context: bpy.types.Context) -> VimogenPreferences:
    """The preferences of this add-on."""
    return context.preferences.addons[__package__].preferences


def register() -> None:
    """Add the settings to scenes."""
    bpy.utils.register_class(VimogenSettings)
    bpy.utils.register_class(VimogenPreferences)
    bpy.types.Scene.vimogen = PointerProperty(type=VimogenSettings)


def unregister() -> None:
    """Remove the settings."""
    del bpy.types.Scene.vimogen
    bpy.utils.unregister_class(VimogenPreferences)
    bpy.utils.unregister_class(VimogenSettings)
