"""The application in Django: a middleware says who asks, views and querysets delete."""
import contextlib
import os
import sys
import types

import django
from django.apps import AppConfig, apps
from django.conf import settings

settings.configure(
    SECRET_KEY="of a test", ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, USE_TZ=True, LOGGING_CONFIG=None,
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    DATABASES={"default": {"ENGINE": "django.db.backends.postgresql", "NAME": os.environ["PGDATABASE"]}},
    INSTALLED_APPS=["django.contrib.contenttypes", AppConfig("work", sys.modules[__name__])], MIGRATION_MODULES={"work": None, "contenttypes": None},
    MIDDLEWARE=[f"{__name__}.sign_in", f"{__name__}.DeletedBy"])
django.setup()

from django.contrib.contenttypes.fields import GenericForeignKey, GenericRelation  # noqa: E402
from django.contrib.contenttypes.models import ContentType  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection, models, transaction  # noqa: E402
from django.http import JsonResponse  # noqa: E402
from django.test import Client as Browser  # noqa: E402
from django.urls import path  # noqa: E402
from django.utils.dateparse import parse_datetime  # noqa: E402

from steps import follow  # noqa: E402

apps.get_app_config("work").models_module = sys.modules[__name__]  # they are in this file


# [recipe]
class DeletedBy:
    """The last of MIDDLEWARE: each request is one transaction, which says who asks."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('trashd.by', %s, true)", [request.user.get_username()])
            return self.get_response(request)

    def process_exception(self, request, exception):
        transaction.set_rollback(True)
# [/recipe]


def sign_in(get_response):
    def middleware(request):
        request.user = types.SimpleNamespace(get_username=lambda: request.headers["From"])
        return get_response(request)
    return middleware


class Model(models.Model):
    class Meta:
        abstract = True
        app_label = "work"


class Comment(Model):
    content_type = models.ForeignKey(ContentType, models.CASCADE)
    object_id = models.IntegerField()
    subject = GenericForeignKey()
    text = models.TextField()


class Client(Model):
    name = models.CharField(max_length=100)


class Project(Model):
    client = models.ForeignKey(Client, models.CASCADE)
    name = models.CharField(max_length=100)
    comments = GenericRelation(Comment)


class Tag(Model):
    word = models.CharField(max_length=20)


class Task(Model):
    project = models.ForeignKey(Project, models.CASCADE)
    parent = models.ForeignKey("self", models.CASCADE, null=True)
    name = models.CharField(max_length=100)
    due = models.DateTimeField()
    tags = models.ManyToManyField(Tag)
    comments = GenericRelation(Comment)


class TimeRecord(Model):
    project = models.ForeignKey(Project, models.CASCADE)
    task = models.ForeignKey(Task, models.SET_NULL, null=True)
    hours = models.FloatField()


class Invoice(Model):
    client = models.ForeignKey(Client, models.DO_NOTHING)
    amount = models.DecimalField(max_digits=10, decimal_places=2)


def make():
    call_command("migrate", run_syncdb=True, verbosity=0)


def fill():
    clients = [Client.objects.create(name=name) for name in ("Nord & Söhne", "South", "East")]
    tags = [Tag.objects.create(word=word) for word in ("red", "green", "blue")]
    projects = [Project.objects.create(client=clients[p // 2], name=f"project {p + 1}") for p in range(6)]
    for p, project in enumerate(projects):
        project.comments.create(text=f"to project {p + 1}")
        TimeRecord.objects.create(project=project, hours=p)
        above = None
        for n in range(4):
            task = Task.objects.create(project=project, parent=above if n in (1, 2) else None, name=f"task {p} {n}",
                                       due=parse_datetime(f"2026-01-0{n + 1}T03:04:05.678901Z"))
            above = task
            task.tags.set(tags[n % 2:n % 2 + 2])
            task.comments.create(text=f"to task {p} {n}")
            for part in (3, 7):
                TimeRecord.objects.create(project=project, task=task, hours=n / part)
    TimeRecord.objects.create(project=projects[4], task=Task.objects.earliest("id"), hours=0.1)
    Invoice.objects.create(client=clients[2], amount="12.50")


def remove_client(request, key):
    return JsonResponse({"deleted": Client.objects.get(pk=key).delete()})


def fail_after_removing(request, key):
    Client.objects.get(pk=key).delete()
    raise RuntimeError(f"{Client.objects.count()} clients after the delete")


urlpatterns = [path("clients/<int:key>", remove_client), path("clients/<int:key>/fail", fail_after_removing)]


def object_(who):
    answer = Browser().delete("/clients/1", HTTP_FROM=who)
    return answer.status_code, answer.json()


def rollback(who):
    Browser().delete("/clients/1/fail", HTTP_FROM=who)


def query():
    return TimeRecord.objects.filter(project=3).delete()


def below():
    return Project.objects.filter(client=2).delete()


def savepoint():
    with transaction.atomic():
        with contextlib.suppress(ZeroDivisionError), transaction.atomic():
            Project.objects.get(pk=3).delete()
            raise ZeroDivisionError
        return Project.objects.get(pk=4).delete()


def unrelated():
    with transaction.atomic():
        return Project.objects.get(pk=3).delete(), Client.objects.get(pk=1).delete()


def refused():
    Project.objects.filter(client=3).delete()
    return Client.objects.get(pk=3).delete()


if __name__ == "__main__":
    follow({"make": make, "fill": fill, "object": object_, "query": query, "below": below, "savepoint": savepoint,
            "rollback": rollback, "unrelated": unrelated, "refused": transaction.atomic(refused)})
