"""Every error that Continuo raises on purpose.

Each one is also the builtin that a caller would expect, carries one sentence a
player understands, and, where there is one, the remedy.
"""


class ContinuoError(Exception):
    """Base of all errors that Continuo raises on purpose.

    Args:
        message: One sentence that says what is wrong, with the value.
        remedy: What the reader can do about it, or an empty string.
    """

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} ({self.remedy})" if self.remedy else self.message

    def __reduce__(self) -> tuple[object, ...]:
        """Keep the remedy when an error travels between processes."""
        return _rebuild, (type(self), self.message, self.remedy)


def _rebuild(kind: type[ContinuoError], message: str, remedy: str) -> ContinuoError:
    return kind(message, remedy=remedy)


class MusicError(ContinuoError, ValueError):
    """A musical value is outside of its range."""


class ParameterError(ContinuoError, ValueError):
    """A parameter is unknown or outside of its range."""


class ConfigError(ContinuoError, ValueError):
    """The configuration has an unknown key or an impossible value."""


class MidiFileError(ContinuoError, ValueError):
    """A file is not a Standard MIDI File that can be played."""


class BundleError(ContinuoError, ValueError):
    """A model bundle cannot be used. Base of the four below."""


class BundleSchemaError(BundleError):
    """The manifest is missing, unreadable or of another schema version."""


class BundleFingerprintError(BundleError):
    """The bundle was trained for another encoding than this firmware's."""


class BundleHashError(BundleError):
    """The model file is not the one that the manifest describes."""


class BundleTensorError(BundleError):
    """The model's tensors are not those that the manifest names."""


class ModelRuntimeError(ContinuoError, RuntimeError):
    """No interpreter is installed, or the model failed while running."""


class LibraryError(ContinuoError, OSError):
    """The composition library cannot be read or written."""


class CompositionNotFoundError(LibraryError):
    """No composition has this name."""


class DeviceError(ContinuoError, OSError):
    """A device (MIDI port, display, sound) is missing or has failed."""


class EngineStateError(ContinuoError, RuntimeError):
    """An event has no meaning in the instrument's present state."""


class WorkerError(ContinuoError, RuntimeError):
    """The inference worker died or could not be started."""


class ControlError(ContinuoError, ConnectionError):
    """The control socket cannot be reached or refused the request."""


class InstrumentOffError(ControlError):
    """No instrument runs that could answer."""


class ArchiveError(ContinuoError, ValueError):
    """An archive is damaged, or is not what it must be to be unpacked."""


class UpdateError(ContinuoError, RuntimeError):
    """A release cannot be trusted, installed or started; what ran before runs."""
