"""The uploader: a process beside the sealer that copies one origin's part of the archive to S3.

It holds no key, and nothing waits for it: when the bucket cannot be reached, recording and sealing
go on, the local archive stays complete, and what is missing is uploaded later.

`plan` says what there is to upload and in which order; `putting` puts one file under a lock and
reads back that it is there; `memory` keeps what was put, outside of the evidence; `uploader` goes
round; `late` ends a process that the bucket holds; `process` (sealer.uploading) starts it and keeps
it alive.
"""
