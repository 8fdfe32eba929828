"""An asyncio service: the watcher is a context of its main function, and its events are a stream beside the work.

$ python app.py
"""

import asyncio
import json
import os
import signal

from synfinance_settings import ConfigEvent, ConfigWatcher, settings


class Gate:
    """Lets so many requests in at once as the settings say; those inside are not put out by a change."""

    def __init__(self, places: int) -> None:
        self.places = asyncio.Semaphore(places)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """An answer for each connection."""
        async with self.places:
            state = settings.snapshot()
            answer = {"value": state.config.ml.batch_size, "version": state.number, "worker": os.getpid()}
            writer.write(json.dumps(answer).encode())
            await writer.drain()
        writer.close()

    async def follow(self, watcher: ConfigWatcher) -> None:
        """Make new places at each change; ends when the watcher stops."""
        async for event, data in watcher.events():
            if event is ConfigEvent.CONFIG_RELOADED:
                self.places = asyncio.Semaphore(data.database.pool_size)


async def main() -> None:
    """Serve until SIGTERM."""
    told = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, told.set)
    async with asyncio.TaskGroup() as tasks, ConfigWatcher() as watcher:
        gate = Gate(settings.database.pool_size)
        tasks.create_task(gate.follow(watcher))
        async with await asyncio.start_server(gate.serve, "127.0.0.1", int(os.environ["PORT"])):
            await told.wait()


settings.load_or_exit()
asyncio.run(main())
