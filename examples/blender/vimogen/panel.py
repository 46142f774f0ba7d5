"""The panel in the sidebar of the 3D view."""

import bpy

from .operators import made_action, seconds_running


class VIMOGEN_PT_panel(bpy.types.Panel):
    """Prompt, seed, length, and the button."""

    bl_label = "vimogen"
    bl_category = "vimogen"
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the settings."""
        layout, settings = self.layout, context.scene.vimogen
        layout.use_property_split = True
        for name in ("prompt", "seed", "seconds", "steps", "start", "target"):
            layout.prop(settings, name)
        seconds = seconds_running()
        if seconds is None:
            layout.operator("vimogen.generate")
        else:
            layout.operator("vimogen.stop", text=f"Stop ({seconds:.0f} s)", icon="CANCEL")
        action = made_action(context)
        if action:
            box = layout.box()
            box.label(text=action["vimogen_prompt"], icon="ACTION")
            box.operator("vimogen.recall", icon="LOOP_BACK")


CLASSES = (VIMOGEN_PT_panel,)
