from synfinance_settings import settings


def path():
    state = settings.snapshot()
    return state.config.ml.model_path


def width():
    ml, cache = settings.ml, settings.cache
    features = ml.feature_engineering
    return features.total_features, cache is None
