"""FastAPI: the watcher lives as long as the application, and a request sees one state from start to end.

$ uvicorn app:app --port $PORT
$ SYNFINANCE_FALLBACK=last-good uvicorn app:app --port $PORT --workers 3
$ SYNFINANCE_FALLBACK=last-good uvicorn app:app --port $PORT --reload
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, FastAPI

from synfinance_settings import AppConfig, ConfigWatcher, Snapshot, settings


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Watch while the application serves; settings that do not validate stop its start here."""
    async with ConfigWatcher():
        yield


async def state() -> Snapshot[AppConfig]:
    """What is in force when a request comes; FastAPI asks once a request, whoever depends on it."""
    return settings.snapshot()


State = Annotated[Snapshot[AppConfig], Depends(state)]


async def threshold(state: State) -> float:
    """The probability from which a transaction is taken for fraud."""
    return state.config.ml.fraud_threshold


app = FastAPI(lifespan=lifespan)


@app.get("/")
async def answer(state: State, threshold: Annotated[float, Depends(threshold)]) -> dict[str, int | float]:
    """Value and version belong together, though two functions have read them."""
    return {"value": threshold, "version": state.number, "worker": os.getpid()}
