"""Where things lie: records in SQLite, blobs and the blob service, datastores, files to and from a disk."""
