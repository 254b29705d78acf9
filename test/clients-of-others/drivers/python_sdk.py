"""What a program does with Microsoft's SDK; the package is used as it is installed."""

import os

import pandas as pd
from azure.identity import ClientSecretCredential
from PowerPlatform.Dataverse.client import DataverseClient
from PowerPlatform.Dataverse.core.errors import HttpError
from PowerPlatform.Dataverse.models.filters import col
from PowerPlatform.Dataverse.models.upsert import UpsertItem

credential = ClientSecretCredential(
    os.environ["TENANT"],
    os.environ["CLIENT_ID"],
    os.environ["CLIENT_SECRET"],
    authority=os.environ["AUTHORITY"],
    disable_instance_discovery=True,
)
with DataverseClient(os.environ["DATAVERSE"], credential) as client:
    records = client.records
    one = records.create("account", {"name": "One", "revenue": 12.5})
    assert records.retrieve("account", one, select=["name"])["name"] == "One"
    assert records.retrieve("account", "00000000-0000-0000-0000-0000000000aa") is None
    many = records.create("account", [{"name": f"Many {n}"} for n in range(5)])
    assert len(many) == 5
    records.update("account", one, {"telephone1": "1"})
    records.update("account", many, {"telephone1": "2"})
    records.update("account", many[:2], [{"fax": "3"}, {"fax": "4"}])
    listed = list(records.list("account", select=["name", "fax"], filter="telephone1 eq '2'", orderby=["name asc"]))
    assert [row["name"] for row in listed] == [f"Many {n}" for n in range(5)], listed
    assert [row["fax"] for row in listed[:2]] == ["3", "4"]
    pages = list(records.list_pages("account", select=["name"], page_size=10))
    assert len(pages) > 3 and all(len(page) <= 10 for page in pages)
    records.upsert("account", [UpsertItem({"bc_customernumber": "P-1"}, {"name": "By key"})])
    records.upsert(
        "account",
        [
            UpsertItem({"bc_customernumber": "P-1"}, {"name": "By key again"}),
            UpsertItem({"bc_customernumber": "P-2"}, {"name": "Second"}),
        ],
    )
    found = list(records.list("account", select=["name"], filter="bc_customernumber eq 'P-1'"))
    assert [row["name"] for row in found] == ["By key again"]

    query = client.query
    built = list(query.builder("account").select("name").where(col("telephone1") == "2").order_by("name").execute())
    assert len(built) == 5
    xml = "<fetch><entity name='account'><attribute name='name' /><filter><condition attribute='telephone1' operator='eq' value='2' /></filter></entity></fetch>"
    assert len(list(query.fetchxml(xml).execute())) == 5
    assert "name" in query.odata_select("account")
    assert query.odata_expands("contact")

    tables = client.tables
    info = tables.get("account")
    assert info["entity_set_name"] == "accounts", info
    assert any(table["LogicalName"] == "lead" for table in tables.list())
    assert any(column["LogicalName"] == "revenue" for column in tables.list_columns("account"))
    assert any(key.key_attributes == ["bc_customernumber"] for key in tables.get_alternate_keys("account"))
    assert any(r["SchemaName"] == "contact_customer_accounts" for r in tables.list_table_relationships("account"))
    assert tables.get_relationship("accountleads_association") is not None

    frames = client.dataframe
    ids = frames.create("contact", pd.DataFrame([{"lastname": "F1"}, {"lastname": "F2"}]))
    assert len(ids) == 2

    batch = client.batch.new()
    batch.records.create("account", {"name": "In a batch"})
    with batch.changeset() as changes:
        ref = changes.records.create("contact", {"lastname": "Of the set"})
        changes.records.update("account", one, {"primarycontactid@odata.bind": ref})
    batch.records.retrieve("account", one, select=["name"])
    result = batch.execute()
    assert not result.has_errors, [r.error_message for r in result.responses]
    assert records.retrieve("account", one, select=["_primarycontactid_value"])["_primarycontactid_value"]

    try:
        records.update("account", one, {"nosuchcolumn": 1})
        raise AssertionError("an unknown column was taken")
    except HttpError as error:
        assert error.status_code == 400, error
    records.delete("account", one)
    assert records.delete("account", many), "the id of the bulk deletion"
    assert all(records.retrieve("account", account) is None for account in many)
print("all done")
