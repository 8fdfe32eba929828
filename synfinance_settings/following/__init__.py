"""Recipes for `follow`: what programs keep most often, made of settings by the library that each module is named after.

    sqlalchemy      engine, async_engine
    psycopg         pool, async_pool
    redis           client, async_client
    httpx           client, async_client
    logs            log_level

They know no setting by its name: which server is meant is what the section declares in `RESOURCES`, or an argument.
"""
