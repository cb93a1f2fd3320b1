"""Opens the instrument to programs while it runs; without a socket it plays all the same."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from firmware.config import Config
from firmware.engine.control.exchange import Exchange
from firmware.engine.control.log import kept_log
from firmware.engine.control.server import ControlServer
from firmware.engine.engine import Engine
from firmware.engine.events import Asked, Brought
from firmware.engine.findings import Nothing
from firmware.errors import ControlError

_LOG = logging.getLogger(__name__)


@contextmanager
def spoken_to(engine: Engine, config: Config) -> Iterator[None]:
    """Let programs speak to an engine, and keep the log for them, while the block runs.

    Args:
        engine: Opened.
        config: Where the socket and the log's file are.
    """
    with kept_log(config.log) as tail:

        def ask(exchange: Exchange) -> None:
            if exchange.request.name == "log":  # wanted most when the engine does not answer
                tail.answer(exchange)
            else:
                engine.post(Asked(exchange))

        if config.control is None:
            _LOG.info("there is no place for a control socket")
            yield
            return
        server = ControlServer(config.control, ask)
        try:
            server.start()
        except ControlError as error:
            _LOG.warning("%s", error)
            engine.post(Brought(Nothing(error.message, error.remedy)))
        try:
            yield
        finally:
            try:
                server.close()
            except ControlError as error:  # the rest must still be ended
                _LOG.error("%s", error)
