"""Tables, columns, relationships, keys, files and SQL by Microsoft's SDK; the package is used as it is installed."""

import os
import tempfile
from enum import IntEnum

import pandas as pd
from azure.identity import ClientSecretCredential
from PowerPlatform.Dataverse.client import DataverseClient
from PowerPlatform.Dataverse.core.errors import HttpError, MetadataError, ValidationError
from PowerPlatform.Dataverse.models.labels import Label, LocalizedLabel
from PowerPlatform.Dataverse.models.relationship import (
    CascadeConfiguration,
    LookupAttributeMetadata,
    ManyToManyRelationshipMetadata,
    OneToManyRelationshipMetadata,
)


class Region(IntEnum):
    NORTH = 1
    SOUTH = 2


def fails(error, work):
    try:
        work()
    except error as refused:
        return refused
    raise AssertionError(f"{error.__name__} was expected")


credential = ClientSecretCredential(
    os.environ["TENANT"],
    os.environ["CLIENT_ID"],
    os.environ["CLIENT_SECRET"],
    authority=os.environ["AUTHORITY"],
    disable_instance_discovery=True,
)
with DataverseClient(os.environ["DATAVERSE"], credential) as client:
    records, tables, query = client.records, client.tables, client.query

    # Tables and their columns, of each type that the SDK knows.
    team = tables.create(
        "new_Team",
        {
            "new_Code": "string",
            "new_Region": Region,
            "new_Budget": "decimal",
            "new_Weight": "float",
            "new_Active": "bool",
            "new_Since": "datetime",
            "new_Story": "memo",
            "new_Size": {"type": "int", "min_value": 1, "max_value": 50, "display_name": "Size"},
        },
        display_name="Team of ours",
    )
    assert team["entity_set_name"] == "new_teams" and team["primary_name_attribute"] == "new_name", team
    tables.create("new_Job", {"new_Hours": "int", "new_Done": "bool"}, primary_column="new_Title")
    fails(MetadataError, lambda: tables.create("new_Team", {}))
    assert tables.get("new_nothing") is None
    assert tables.get("new_Team")["metadata_id"] == team["metadata_id"]
    assert any(one["SchemaName"] == "new_Team" for one in tables.list(filter="IsCustomEntity eq true"))
    assert tables.add_columns("new_Team", {"new_Note": "string", "new_Gone": "int"}) == ["new_Note", "new_Gone"]
    assert tables.remove_columns("new_Team", ["new_Gone"]) == ["new_Gone"]
    fails(MetadataError, lambda: tables.remove_columns("new_Team", "new_Gone"))
    tables.update_column("new_Team", "new_Note", {"max_length": 20, "display_name": "Remark"})
    typed = tables.get_column("new_Team", "new_Note", typed=True)
    assert typed["MaxLength"] == 20, typed
    assert tables.get_column("new_Team", "new_Nothing") is None
    assert any(one["LogicalName"] == "new_budget" for one in tables.list_columns("new_Team", typed=True))

    # Relationships of both kinds, and what they do.
    lookup = tables.create_lookup_field("new_Job", "new_TeamId", "new_Team", cascade_delete="Restrict")
    one_to_many = tables.create_one_to_many_relationship(
        LookupAttributeMetadata("new_CustomerId", Label([LocalizedLabel("Customer", 1033)])),
        OneToManyRelationshipMetadata(
            "new_account_jobs", "account", "new_job", "accountid", CascadeConfiguration(delete="Cascade")
        ),
    )
    many = tables.create_many_to_many_relationship(
        ManyToManyRelationshipMetadata("new_contact_teams", "contact", "new_team")
    )
    assert tables.get_relationship("new_contact_teams").relationship_type == "many_to_many"
    names = {one["SchemaName"] for one in tables.list_table_relationships("new_Job")}
    assert {lookup.relationship_schema_name, "new_account_jobs"} <= names, names
    assert any(one["SchemaName"] == "new_account_jobs" for one in tables.list_relationships())

    # Rows of these tables, labels of choices among their values.
    teams = records.create(
        "new_Team",
        [
            {"new_Name": "A", "new_Code": "ALPHA", "new_Region": Region.NORTH, "new_Budget": 50000, "new_Active": True},
            {"new_Name": "B", "new_Code": "BRAVO", "new_Region": "south", "new_Budget": 75000, "new_Active": True},
            {"new_Name": "C", "new_Code": "CHARLIE", "new_Region": 1, "new_Budget": 30000, "new_Active": False},
        ],
    )
    account = records.create("account", {"name": "Customer of jobs"})
    jobs = records.create(
        "new_Job",
        [
            {"new_Title": "Design", "new_Hours": 8, "new_Done": True, "new_TeamId@odata.bind": f"/new_teams({teams[0]})"},
            {"new_Title": "Write tests", "new_Hours": 12, "new_TeamId@odata.bind": f"/new_teams({teams[0]})"},
            {
                "new_Title": "Review",
                "new_Hours": 3,
                "new_TeamId@odata.bind": f"/new_teams({teams[1]})",
                "new_CustomerId@odata.bind": f"/accounts({account})",
            },
        ],
    )
    assert records.retrieve("new_Team", teams[1], select=["new_Region"])["new_region"] == 2
    assert fails(HttpError, lambda: records.delete("new_Team", teams[0])).status_code == 405
    records.delete("account", account)
    assert records.retrieve("new_Job", jobs[2]) is None

    # SQL, as rows and as a data frame.
    rows = query.sql("SELECT TOP 2 new_code, new_budget FROM new_team WHERE new_active = 1 ORDER BY new_budget DESC")
    assert [row["new_code"] for row in rows] == ["BRAVO", "ALPHA"], rows
    frame = client.dataframe.sql(
        "SELECT t.new_code, COUNT(j.new_jobid) AS jobs, SUM(j.new_hours) AS hours FROM new_team t "
        "LEFT JOIN new_job j ON t.new_teamid = j.new_teamid GROUP BY t.new_code ORDER BY t.new_code"
    )
    assert list(frame["jobs"]) == [2, 0, 0] and frame["hours"][0] == 20, frame
    assert query.sql("SELECT new_title FROM new_job WHERE new_title LIKE 'Write%'")[0]["new_title"] == "Write tests"
    pages = [
        query.sql(f"SELECT new_title FROM new_job ORDER BY new_title OFFSET {n} ROWS FETCH NEXT 1 ROWS ONLY") for n in range(3)
    ]
    assert [len(page) for page in pages] == [1, 1, 0], pages
    assert len(query.sql("SELECT fullname FROM contact")) == sum(len(page) for page in records.list_pages("contact"))
    assert any(column["name"] == "new_code" for column in query.sql_columns("new_Team"))
    fails(ValidationError, lambda: query.sql("SELECT * FROM new_team"))
    assert fails(HttpError, lambda: query.sql("SELECT UPPER(new_code) FROM new_team")).status_code == 400

    # A key, and an upsert by it.
    key = tables.create_alternate_key("new_Team", "new_ByCode", ["new_code"])
    assert [one.key_attributes for one in tables.get_alternate_keys("new_Team")] == [["new_code"]]
    records.upsert("new_Team", [{"alternate_key": {"new_code": "DELTA"}, "record": {"new_name": "D"}}])
    assert len(query.sql("SELECT new_name FROM new_team WHERE new_code = 'DELTA'")) == 1
    tables.delete_alternate_key("new_Team", key.metadata_id)
    assert tables.get_alternate_keys("new_Team") == []

    # Files, in one request and in chunks; the SDK makes the column itself.
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "paper.bin")
        with open(path, "wb") as file:
            file.write(b"x" * 5_000_000)
        client.files.upload("new_Team", teams[0], "new_Paper", path)
        assert records.retrieve("new_Team", teams[0], select=["new_Paper_Name"])["new_paper_name"] == "paper.bin"
        assert fails(HttpError, lambda: client.files.upload("new_Team", teams[0], "new_Paper", path)).status_code == 412
        client.files.upload("new_Team", teams[0], "new_Paper", path, mode="chunk", if_none_match=False)

    # Data frames, both ways.
    frame = client.dataframe.sql("SELECT new_jobid, new_hours FROM new_job")
    frame["new_hours"] = frame["new_hours"] + 1
    client.dataframe.update("new_Job", frame, id_column="new_jobid")
    assert {row["new_hours"] for row in query.sql("SELECT new_hours FROM new_job")} == {9, 13}
    client.dataframe.delete("new_Job", pd.Series([jobs[0]]))
    assert records.retrieve("new_Job", jobs[0]) is None

    # A batch with tables and SQL in it.
    batch = client.batch.new()
    batch.tables.create("new_Extra", {"new_Count": "int"})
    batch.query.sql("SELECT new_code FROM new_team")
    batch.tables.get("new_Team")
    batch.tables.add_columns("new_Team", {"new_Last": "string"})
    batch.tables.get_relationship("new_account_jobs")
    result = batch.execute()
    assert not result.has_errors, [one.error_message for one in result.responses]
    batch = client.batch.new()
    batch.tables.delete("new_Extra")
    batch.tables.remove_columns("new_Team", "new_Last")
    assert not batch.execute().has_errors

    # Bulk deletion, and everything away again.
    assert records.delete("new_Job", [jobs[1]])
    assert records.retrieve("new_Job", jobs[1]) is None
    for relationship in (lookup, one_to_many, many):
        tables.delete_relationship(relationship.relationship_id)
    tables.delete("new_Job")
    tables.delete("new_Team")
    assert tables.get("new_Team") is None
    fails(MetadataError, lambda: tables.delete("new_Team"))
print("all done")
