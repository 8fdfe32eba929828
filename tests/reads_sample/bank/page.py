from jinja2 import Environment, FileSystemLoader

from bank.configuration import security, settings

TITLE = "{settings.app_name}"


def page(folder):
    environment = Environment(loader=FileSystemLoader(folder))
    return environment.get_template("page.html").render(config=settings)


def title():
    return TITLE.format(settings=settings)


def algorithm():
    return security().jwt_algorithm
