"""Archives in object storage: a bucket (S3) whose keys are the archive's paths below a prefix.

`client` is the one door to the storage's own library, an extra (`streamwitness[s3]`); `location`
is what an `s3://` address says; `versions` lists what the bucket holds; `mirror` brings an archive
into a local folder, where it is read and verified like any other.

Nothing here trusts the bucket: what comes from it is verified as an archive is.
"""
