"""Every way Likeness says no: one class, one stable code, one party at fault.

The code is what programs, logs and the page's message files key on; the text is for developers and never
carries personal data. ``fault`` says who has to act: the ``requester`` (a person's browser or a client program),
the ``gateway``, the ``worker`` or the ``operator`` who runs one of them.
"""

from typing import ClassVar, Literal

Fault = Literal["requester", "gateway", "worker", "operator"]


class LikenessError(Exception):
    """Root of the tree; never raised itself."""

    code: ClassVar[str] = "error"
    fault: ClassVar[Fault] = "requester"
    meaning: ClassVar[str] = "Something was refused."

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail or self.meaning)
        self.detail = detail or self.meaning


# --- bytes and statements (schemas/canonical, schemas/signing) -----------------------------------------------------


class StatementError(LikenessError):
    """A statement cannot be read or trusted."""

    code = "statement-refused"


class TooLarge(StatementError):
    code = "too-large"
    meaning = "The message is larger than its kind may be."


class NotJson(StatementError):
    code = "not-json"
    meaning = "The message is not JSON of the expected kind."


class NotCanonical(StatementError):
    code = "not-canonical"
    meaning = "The message says the right thing in other bytes than the canonical ones."


class BadField(StatementError):
    code = "bad-field"
    meaning = "A field is missing, unknown, of the wrong type or out of range."


class BadHeader(StatementError):
    code = "bad-header"
    meaning = "The JWS header names another algorithm, type or extension than this kind of statement has."


class BadSignature(StatementError):
    code = "bad-signature"
    meaning = "The signature does not belong to these bytes and this key."


class UnknownKey(StatementError):
    code = "unknown-key"
    meaning = "The statement is signed by a key that is not trusted here."


# --- consent and tokens (schemas/consent, gateway/issuing, gateway/replay) ------------------------------------------


class ConsentError(LikenessError):
    """A grant or a token does not allow what was asked."""

    code = "consent-refused"


class NoticeOutdated(ConsentError):
    code = "notice-outdated"
    meaning = "The consent refers to another notice than the one in force; read the notice and consent again."


class GrantExpired(ConsentError):
    code = "grant-expired"
    meaning = "The consent was given too long ago, is dated in the future or lasts too long."


class GrantReplayed(ConsentError):
    code = "grant-replayed"
    meaning = "This consent was already used to obtain a token."


class GrantMismatch(ConsentError):
    code = "grant-mismatch"
    meaning = "Consent, token, offer and disclosure do not belong together."


class TokenExpired(ConsentError):
    code = "token-expired"
    meaning = "The consent token is no longer valid; consent again."


class TokenExhausted(ConsentError):
    code = "token-exhausted"
    meaning = "The consent allows no further portrait or no further worker."


class TokenRevoked(ConsentError):
    code = "token-revoked"
    meaning = "The consent was withdrawn; nothing more is done with it."


class WrongHolder(ConsentError):
    code = "wrong-holder"
    meaning = "The token belongs to another browser key."


class JobReplayed(ConsentError):
    code = "job-replayed"
    meaning = "This job request was already used."


class JobStale(ConsentError):
    code = "job-stale"
    meaning = "The job request is not of this moment; check the clock of this device."


class UnknownStyle(ConsentError):
    code = "unknown-style"
    meaning = "The style is not in the bundle's catalogue or not in the consent."


class UnknownBundle(ConsentError):
    code = "unknown-bundle"
    meaning = "The bundle is not offered here."


class WrongPool(ConsentError):
    code = "wrong-pool"
    meaning = "The pool or region is not the one of the consent."


class OverLimit(ConsentError):
    code = "over-limit"
    meaning = "More was asked for than this gateway allows."
    retry_after_seconds: int | None = None  # after so long the same is allowed; None: never


# --- the likeness record (schemas/embedding) ------------------------------------------------------------------------


class RecordError(LikenessError):
    code = "record-refused"
    meaning = "The likeness record is not one."


class RecordMalformed(RecordError):
    code = "record-malformed"
    meaning = "The likeness record has the wrong length, version or layout."


class RecordNotFinite(RecordError):
    code = "record-not-finite"
    meaning = "The likeness record holds a number that is not finite or out of range."


class RecordPartMissing(RecordError):
    code = "record-part-missing"
    meaning = "The bundle needs a part of the likeness record that was not given, or does not know one that was."


# --- sealing (schemas/sealing) --------------------------------------------------------------------------------------


class SealError(LikenessError):
    code = "seal-refused"
    meaning = "A sealed message cannot be opened."


class SealedSize(SealError):
    code = "sealed-size"
    meaning = "A sealed message does not have its one fixed size."


class CannotOpen(SealError):
    code = "cannot-open"
    meaning = "The message was sealed to another key or for another claim, or was altered."


# --- offers, claims and jobs (schemas/job, gateway/matching, worker/) -----------------------------------------------


class JobError(LikenessError):
    code = "job-refused"
    meaning = "The job cannot go on."


class UnknownJob(JobError):
    code = "unknown-job"
    meaning = "No such job is open here."


class OutOfOrder(JobError):
    code = "out-of-order"
    meaning = "This message does not belong at this point of the job."


class ClaimMismatch(JobError):
    code = "claim-mismatch"
    fault = "worker"
    meaning = "The claim is for another offer, bundle, pool or worker, or is out of date."


class NotEndorsed(JobError):
    code = "not-endorsed"
    fault = "worker"
    meaning = "The worker is not vouched for by the company root that was asked for."


class QuoteInvalid(JobError):
    code = "quote-invalid"
    fault = "worker"
    meaning = "The worker's TPM quote is missing, or is not about this key, this offer and this program."


class TooFewClaims(JobError):
    code = "too-few-claims"
    fault = "gateway"
    meaning = "Fewer different workers claimed the job than this pool asks for; nothing was disclosed."


class OfferExpired(JobError):
    code = "offer-expired"
    meaning = "The offer has lapsed; nothing was disclosed."


class NoWorker(JobError):
    code = "no-worker"
    fault = "operator"
    meaning = "No worker took the job in time; nothing was disclosed."


class WorkerLost(JobError):
    code = "worker-lost"
    fault = "worker"
    meaning = "The worker stopped answering after it had received the sealed record."


class WorkerFailed(JobError):
    code = "worker-failed"
    fault = "worker"
    meaning = "The worker's process ended without a portrait; see the receipt."


class JobTimeout(JobError):
    code = "job-timeout"
    fault = "worker"
    meaning = "The worker took longer than the job may take and was stopped."


class JobCancelled(JobError):
    code = "job-cancelled"
    meaning = "The job was cancelled by the person."


class ResultInvalid(JobError):
    code = "result-invalid"
    fault = "worker"
    meaning = "What came back is not the sealed image of this job."


class ReceiptMismatch(JobError):
    code = "receipt-mismatch"
    fault = "worker"
    meaning = "The erasure receipt is not about this job."


# --- the transparency log (schemas/merkle, note, checkpoint, log_policy, log_proof) ---------------------------------


class LogError(LikenessError):
    """Something that must stand in the log cannot be shown to stand there."""

    code = "log-refused"
    fault: ClassVar[Fault] = "gateway"


class NoteMalformed(LogError):
    code = "note-malformed"
    meaning = "A signed note, a key of one, or a proof is not written as its specification says."


class NoteUntrusted(LogError):
    code = "note-untrusted"
    meaning = "The checkpoint is not signed by the log's key."


class CheckpointUnwitnessed(LogError):
    code = "checkpoint-unwitnessed"
    meaning = "Too few of the witnesses that the policy names have cosigned the checkpoint."


class CheckpointStale(LogError):
    code = "checkpoint-stale"
    meaning = "The witnesses cosigned the checkpoint too long ago; check the clock of this device."


class ProofInvalid(LogError):
    code = "proof-invalid"
    meaning = "The proof does not lead from the entry, or from the older tree, to the checkpoint."


class PolicyInvalid(LogError):
    code = "policy-invalid"
    fault = "operator"
    meaning = "The witness policy cannot be read."


class LogUnavailable(LogError):
    code = "log-unavailable"
    fault = "operator"
    meaning = "The log could not be written or witnessed in time; nothing was issued."


# --- running the parts ----------------------------------------------------------------------------------------------


class OperatorError(LikenessError):
    """Something about this installation must be put right first."""

    code = "operator-error"
    fault = "operator"


class BusUnavailable(OperatorError):
    code = "bus-unavailable"
    meaning = "The NATS server cannot be reached."


class BusUnsuitable(OperatorError):
    code = "bus-unsuitable"
    meaning = "The NATS server did not create what was asked for."


class BundleDamaged(OperatorError):
    code = "bundle-damaged"
    meaning = "A file of the bundle is missing or differs from its digest."


class BundleRefused(OperatorError):
    code = "bundle-refused"
    meaning = "The bundle's licence, version or parts are not allowed here."


class ProviderMissing(OperatorError):
    code = "provider-missing"
    meaning = "The execution provider asked for is not the one that runs."


class UnsafeHost(OperatorError):
    code = "unsafe-host"
    meaning = "This machine could write memory to disk (swap); turn it off or accept it by name."


class NotEnrolled(OperatorError):
    code = "not-enrolled"
    meaning = "The gateway does not know this worker."


class SettingInvalid(OperatorError):
    code = "setting-invalid"
    meaning = "A setting is missing or wrong."


# --- edge_export ----------------------------------------------------------------------------------------------------


class ExportError(OperatorError):
    code = "export-refused"
    meaning = "A model could not be made; nothing was left under its final name."


class SourceUnavailable(ExportError):
    code = "source-unavailable"
    meaning = "A source package is not in the cache and could not be downloaded."


class SourceDigestMismatch(ExportError):
    code = "source-digest-mismatch"
    meaning = "A source file differs from its pinned digest."


class UnsupportedOperator(ExportError):
    code = "unsupported-operator"
    meaning = "The source model has an operator that this reader does not know."


class ParityFailed(ExportError):
    code = "parity-failed"
    meaning = "The exported model differs from the original runtime by more than its tolerance."
