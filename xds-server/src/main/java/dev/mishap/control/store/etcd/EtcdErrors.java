package dev.mishap.control.store.etcd;

import dev.mishap.control.store.StoreException;
import io.grpc.Status;
import java.net.ConnectException;
import org.jspecify.annotations.Nullable;

/** What etcd's and gRPC's errors mean to the store. */
final class EtcdErrors {
    private EtcdErrors() {}

    /** @param changes whether the request changes something: then a lost answer leaves the outcome open */
    static RuntimeException of(Throwable failure, boolean changes) {
        Throwable cause = StoreException.unwrap(failure);
        if (cause instanceof StoreException store) {
            return store;
        }
        Status status = Status.fromThrowable(cause);
        String text = status.getDescription() == null ? status.getCode().toString() : status.getDescription();
        switch (status.getCode()) {
            case OUT_OF_RANGE -> {
                if (text.contains("compacted")) {
                    return new StoreException.Compacted(0, 0);
                } else if (text.contains("future revision")) {
                    return new IllegalArgumentException("the revision is yet to come");
                }
            }
            case INVALID_ARGUMENT -> {
                if (text.contains("too large")) {
                    return new StoreException.TooLarge(text);
                }
            }
            default -> {}
        }
        Throwable beneath = status.getCause();
        String why = beneath == null || beneath.getMessage() == null ? "" : ": " + beneath.getMessage();
        return new StoreException.Unavailable("etcd: " + text + why, cause, changes && mayBeDone(status));
    }

    private static boolean mayBeDone(Status status) {
        return switch (status.getCode()) {
            case UNAVAILABLE -> !isUnsent(status);
            case DEADLINE_EXCEEDED, CANCELLED, UNKNOWN, INTERNAL -> true;
            default -> false;
        };
    }

    /** Whether the request surely never reached a server. */
    static boolean isUnsent(Status status) {
        for (Throwable cause = status.getCause(); cause != null; cause = cause.getCause()) {
            if (cause instanceof ConnectException) {
                return true;
            }
        }
        return false;
    }

    static boolean isNotFound(@Nullable Throwable failure) {
        return failure != null
                && Status.fromThrowable(StoreException.unwrap(failure)).getCode() == Status.Code.NOT_FOUND;
    }

    /** Whether another member may do better. */
    static boolean isOfMember(Status status) {
        return status.getCode() == Status.Code.UNAVAILABLE || status.getCode() == Status.Code.DEADLINE_EXCEEDED;
    }

    /** Whether a new token may help. */
    static boolean isOfToken(Status status) {
        return status.getCode() == Status.Code.UNAUTHENTICATED
                || status.getCode() == Status.Code.INVALID_ARGUMENT
                        && String.valueOf(status.getDescription()).contains("user name is empty");
    }
}
