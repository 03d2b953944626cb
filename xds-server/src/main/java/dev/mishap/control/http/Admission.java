package dev.mishap.control.http;

import dev.mishap.control.problem.ProblemException;
import dev.mishap.control.security.Caller;
import dev.mishap.control.security.Credentials;
import org.jspecify.annotations.Nullable;

/** Says who is calling, or refuses with a problem: unauthenticated, too many. May block for a moment. */
public interface Admission {
    /** A caller who must be somebody. */
    Caller admit(Credentials credentials);

    /** A caller of an operation that is open to all. */
    Caller admitAnyone(Credentials credentials);

    /**
     * Is told of a call that failed. Must not block.
     *
     * @param caller null = it failed before it was known who called
     * @param operation as the description of the API calls it
     */
    default void failed(@Nullable Caller caller, String address, String operation, ProblemException problem) {}
}
