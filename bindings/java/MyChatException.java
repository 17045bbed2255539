package mychat;

/** What a call of the library throws when it fails: the fields of mychat_error. */
public final class MyChatException extends RuntimeException {
  private static final long serialVersionUID = 1L;
  /** One of the MYCHAT_E_ constants of mychatConstants. */
  public final int status;
  /** One of the MYCHAT_DOMAIN_ constants. */
  public final int domain;
  /** A code of that domain. */
  public final int detail;
  /** Whether the same call may succeed later without a change. */
  public final boolean retryable;
  /** The C function that failed. */
  public final String operation;

  public MyChatException(int status, int domain, int detail, boolean retryable, String operation, String message) {
    super(message);
    this.status = status;
    this.domain = domain;
    this.detail = detail;
    this.retryable = retryable;
    this.operation = operation;
  }
}
