package mychat;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What groups of MLS ask of the program: give it to mychat_mls_options.set_asked(). The methods run on the thread that calls,
 * and may not use the handles of that call. What they are given is good until they return. An exception that one of them throws
 * comes out of the call. It must be open for as long as the groups that were made with it, and their commits.
 */
public abstract class MlsAsked implements AutoCloseable {
  private static final Map<Long, MlsAsked> OPEN = new ConcurrentHashMap<>();
  private static final AtomicLong LAST = new AtomicLong();

  private final long id = LAST.incrementAndGet();

  protected MlsAsked() {
    OPEN.put(id, this);
  }

  /** Whether a signature key is that of whom a credential names. Asked for everybody who is or comes into a group. */
  protected abstract boolean accept(mychat_mls_credential credential, byte[] signatureKey, byte[] groupId);

  /** Whether a member may go on under another credential. */
  protected boolean isSuccessor(mychat_mls_credential before, mychat_mls_credential after) {
    return false;
  }

  /** A pre-shared key by its name, 1 to MYCHAT_MLS_PSK_MAX_SIZE bytes; null when there is none. */
  protected byte[] psk(mychat_mls_psk_id id) {
    return null;
  }

  /** Whether a commit of another member may count. */
  protected boolean acceptCommit(mychat_mls_summary summary) {
    return true;
  }

  /** Groups that still ask are told no from now on. */
  @Override
  public final void close() {
    OPEN.remove(id);
  }

  final long id() {
    return id;
  }

  // What the library calls. Where nobody is asked any more, the answer is no.

  static boolean accept(long id, long credential, byte[] signatureKey, byte[] groupId) {
    MlsAsked asked = OPEN.get(id);
    return asked != null && asked.accept(new mychat_mls_credential(credential, false), signatureKey, groupId);
  }

  static boolean isSuccessor(long id, long before, long after) {
    MlsAsked asked = OPEN.get(id);
    return asked != null && asked.isSuccessor(new mychat_mls_credential(before, false), new mychat_mls_credential(after, false));
  }

  static byte[] psk(long id, long name) {
    MlsAsked asked = OPEN.get(id);
    return asked == null ? null : asked.psk(new mychat_mls_psk_id(name, false));
  }

  static boolean acceptCommit(long id, long summary) {
    MlsAsked asked = OPEN.get(id);
    return asked != null && asked.acceptCommit(new mychat_mls_summary(summary, false));
  }
}
