"""Operators: generate, and take the settings back from an action."""

import time

import bpy

from . import rig
from .job import Job, JobError, Result
from .settings import KEPT, VimogenSettings, preferences

# Seconds between two looks at the process.
_LOOK = 0.2


class VIMOGEN_OT_generate(bpy.types.Operator):
    """Make a motion from the prompt. Escape stops it."""

    bl_idname = "vimogen.generate"
    bl_label = "Generate"
    bl_options = {"REGISTER", "UNDO"}

    # The job that goes on, for the panel; there is one at a time.
    running: Job | None = None
    stopped = False

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Whether a job can be started."""
        return cls.running is None

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Generate and wait for it, as a script wants it."""
        if not self._start(context):
            return {"CANCELLED"}
        self._job.wait()
        return self._finish(context)

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Generate while Blender goes on."""
        if not self._start(context):
            return {"CANCELLED"}
        cls = type(self)
        cls.running, cls.stopped = self._job, False
        self._timer = context.window_manager.event_timer_add(_LOOK, window=context.window)
        context.window_manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Look whether the job has ended."""
        cls = type(self)
        if cls.stopped or event.type == "ESC":
            self._end(context)
            self._job.cancel()
            self.report({"INFO"}, "stopped")
            return {"CANCELLED"}
        if event.type != "TIMER":
            return {"PASS_THROUGH"}
        redraw(context)
        if self._job.is_running:
            return {"PASS_THROUGH"}
        self._end(context)
        return self._finish(context)

    def cancel(self, context: bpy.types.Context) -> None:
        """Blender closes: nobody waits for the motion."""
        self._end(context)
        self._job.cancel()

    def _start(self, context: bpy.types.Context) -> bool:
        settings, kept = context.scene.vimogen, preferences(context)
        # The settings of this run: the panel may change meanwhile.
        self._asked = {name: getattr(settings, name) for name in KEPT}
        self._rig = None
        try:
            if settings.target == "ACTIVE":
                self._rig = active_armature(context)
            if not settings.prompt.strip():
                raise JobError("the prompt is empty")
            files = {name: bpy.path.abspath(getattr(kept, name)) for name in ("python", "model", "encoder")}
            options = {name: self._asked[name] for name in ("seed", "seconds", "steps")}
            python = files.pop("python")
            self._job = Job(python, settings.prompt, **options, **files)
        except JobError as error:
            self.report({"ERROR"}, str(error))
            return False
        return True

    def _end(self, context: bpy.types.Context) -> None:
        type(self).running = None
        context.window_manager.event_timer_remove(self._timer)
        redraw(context)

    def _finish(self, context: bpy.types.Context) -> set[str]:
        try:
            result = self._job.result()
            action = self._apply(context, result)
        except (JobError, ValueError, ReferenceError) as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        for name, value in self._asked.items():
            action[f"vimogen_{name}"] = value
        for note in result.notes:
            self.report({"WARNING"}, note)
        return {"FINISHED"}

    def _apply(self, context: bpy.types.Context, result: Result) -> bpy.types.Action:
        name = self._asked["prompt"][:60]
        target, start = self._rig, context.scene.vimogen.start
        made = None if target else rig.new_armature(context, result.clip, "vimogen")
        context.view_layer.update()
        return rig.animate(target or made, result.clip, start, name)


class VIMOGEN_OT_stop(bpy.types.Operator):
    """Stop the generation."""

    bl_idname = "vimogen.stop"
    bl_label = "Stop"

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Ask the running operator to stop."""
        VIMOGEN_OT_generate.stopped = True
        return {"FINISHED"}


class VIMOGEN_OT_recall(bpy.types.Operator):
    """Take prompt, seed, seconds and steps from the active armature's action."""

    bl_idname = "vimogen.recall"
    bl_label = "Use these settings again"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Whether the active armature's action was generated."""
        return made_action(context) is not None

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Copy the settings."""
        settings: VimogenSettings = context.scene.vimogen
        action = made_action(context)
        for name in KEPT:
            setattr(settings, name, action[f"vimogen_{name}"])
        return {"FINISHED"}


def active_armature(context: bpy.types.Context) -> bpy.types.Object:
    """The active armature, or that of the active mesh."""
    active = context.active_object
    found = active if active is None or active.type == "ARMATURE" else active.find_armature()
    if found is None:
        raise JobError("the active object is not an armature; select one, or choose a new armature")
    return found


def made_action(context: bpy.types.Context) -> bpy.types.Action | None:
    """The generated action of the active armature."""
    active = context.active_object
    animation = active.animation_data if active else None
    action = animation.action if animation else None
    return action if action and all(f"vimogen_{name}" in action for name in KEPT) else None


def seconds_running() -> float | None:
    """Seconds since the running job began."""
    job = VIMOGEN_OT_generate.running
    return time.monotonic() - job.started if job else None


def redraw(context: bpy.types.Context) -> None:
    """Draw the panel again."""
    for window in context.window_manager.windows:
        for area in window.screen.areas:
            if area.type == "VIEW_3D":
                area.tag_redraw()


CLASSES = (VIMOGEN_OT_generate, VIMOGEN_OT_stop, VIMOGEN_OT_recall)
