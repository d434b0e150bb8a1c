"""The application in SQLAlchemy: an event says who asks, the unit of work and statements delete."""
import contextlib
import contextvars
import datetime

from sqlalchemy import (Column, DateTime, Float, ForeignKey, Integer, Numeric, String, Table, create_engine, delete, event,
                        select, text)
from sqlalchemy.orm import Session, backref, declarative_base, relationship

from steps import follow

Base = declarative_base()
engine = create_engine("postgresql+psycopg2://", future=True)

# [recipe]
who_asks = contextvars.ContextVar("who_asks", default="")  # set where the request is authenticated


@event.listens_for(Session, "after_begin")
def say_who(session, transaction, connection):
    connection.execute(text("SELECT set_config('trashd.by', :who, true)"), {"who": who_asks.get()})
# [/recipe]


class Client(Base):
    __tablename__ = "client"
    id = Column(Integer, primary_key=True)
    name = Column(String(100))
    projects = relationship("Project", cascade="all, delete-orphan", backref="client")


class Project(Base):
    __tablename__ = "project"
    id = Column(Integer, primary_key=True)
    client_id = Column(ForeignKey("client.id"), nullable=False)
    name = Column(String(100))
    tasks = relationship("Task", cascade="all, delete-orphan", backref="project")
    records = relationship("TimeRecord", cascade="all, delete-orphan", backref="project")


task_tag = Table("task_tag", Base.metadata, Column("task_id", ForeignKey("task.id"), primary_key=True),
                 Column("tag_id", ForeignKey("tag.id"), primary_key=True))


class Tag(Base):
    __tablename__ = "tag"
    id = Column(Integer, primary_key=True)
    word = Column(String(20))


class Task(Base):
    __tablename__ = "task"
    id = Column(Integer, primary_key=True)
    project_id = Column(ForeignKey("project.id"), nullable=False)
    parent_id = Column(ForeignKey("task.id"))
    name = Column(String(100))
    due = Column(DateTime(timezone=True))
    children = relationship("Task", cascade="all", backref=backref("parent", remote_side=[id]))
    tags = relationship(Tag, secondary=task_tag)
    records = relationship("TimeRecord", backref="task")  # no cascade: task_id is set to null


class TimeRecord(Base):
    __tablename__ = "time_record"
    id = Column(Integer, primary_key=True)
    project_id = Column(ForeignKey("project.id"), nullable=False)
    task_id = Column(ForeignKey("task.id"))
    hours = Column(Float)


class Invoice(Base):
    __tablename__ = "invoice"
    id = Column(Integer, primary_key=True)
    client_id = Column(ForeignKey("client.id"), nullable=False)
    amount = Column(Numeric(10, 2))


def make():
    Base.metadata.create_all(engine)


def add_project(client, p, tags):
    project = Project(client=client, name=f"project {p + 1}")
    project.records.append(TimeRecord(hours=p))
    above = None
    for n in range(4):
        due = datetime.datetime(2026, 1, n + 1, 3, 4, 5, 678901, datetime.timezone.utc)
        task = Task(parent=above if n in (1, 2) else None, name=f"task {p} {n}", due=due, tags=tags[n % 2:n % 2 + 2])
        project.tasks.append(task)
        above = task
        for part in (3, 7):
            task.records.append(TimeRecord(project=project, hours=n / part))
    return project


def fill():
    with Session(engine) as session, session.begin():
        clients = [Client(name=name) for name in ("Nord & Söhne", "South", "East")]
        tags = [Tag(word=word) for word in ("red", "green", "blue")]
        for client in clients:
            session.add(client)
            session.flush()
        projects = []
        for p in range(6):
            projects.append(add_project(clients[p // 2], p, tags))
            session.flush()
        session.add(TimeRecord(project=projects[4], task=projects[0].tasks[0], hours=0.1))
        session.add(Invoice(client_id=clients[2].id, amount="12.50"))


@contextlib.contextmanager
def session_of(who=""):
    token = who_asks.set(who)
    try:
        with Session(engine) as session, session.begin():
            yield session
    finally:
        who_asks.reset(token)


def object_(who):
    with session_of(who) as session:
        session.delete(session.get(Client, 1))


def query():
    with session_of() as session:
        return session.execute(delete(TimeRecord).where(TimeRecord.project_id == 3)).rowcount


def returning():
    with session_of() as session:
        statement = delete(TimeRecord).where(TimeRecord.project_id == 3).returning(TimeRecord.id, TimeRecord.hours)
        return sorted(map(tuple, session.execute(statement)))


def savepoint():
    with session_of() as session:
        with contextlib.suppress(ZeroDivisionError), session.begin_nested():
            session.delete(session.get(Project, 3))
            session.flush()
            raise ZeroDivisionError
        session.delete(session.get(Project, 4))


def rollback(who):
    with session_of(who) as session:
        session.delete(session.get(Client, 1))
        session.flush()
        raise RuntimeError(f"{len(session.scalars(select(Client)).all())} clients after the delete")


def unrelated():
    with session_of() as session:
        session.delete(session.get(Project, 3))
        session.delete(session.get(Client, 1))


def refused():
    with session_of() as session:
        session.delete(session.get(Client, 3))


if __name__ == "__main__":
    follow({"make": make, "fill": fill, "object": object_, "query": query, "returning": returning, "savepoint": savepoint,
            "rollback": rollback, "unrelated": unrelated, "refused": refused})
