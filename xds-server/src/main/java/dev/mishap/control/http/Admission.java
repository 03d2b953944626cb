package dev.mishap.control.http;

import dev.mishap.control.security.Caller;
import dev.mishap.control.security.Credentials;

/** Says who is calling, or refuses with a problem: unauthenticated, too many. May block for a moment. */
public interface Admission {
    /** A caller who must be somebody. */
    Caller admit(Credentials credentials);

    /** A caller of an operation that is open to all. */
    Caller admitAnyone(Credentials credentials);
}
