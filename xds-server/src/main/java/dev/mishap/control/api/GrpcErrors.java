package dev.mishap.control.api;

import com.google.protobuf.Any;
import com.google.protobuf.Duration;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import com.google.rpc.Status;
import dev.mishap.control.problem.ProblemException;
import dev.mishap.control.problem.ProblemKind;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Problems as google.rpc.Status: the same kinds, words and fields as over HTTP. */
final class GrpcErrors {
    private static final Logger LOG = LoggerFactory.getLogger("mishap.api");

    private GrpcErrors() {}

    static StatusRuntimeException of(Throwable failure) {
        if (failure instanceof ProblemException problem) {
            return of(problem);
        }
        LOG.error("a call over gRPC failed", failure);
        return of(new ProblemException(ProblemKind.INTERNAL, "the server failed; its log tells why"));
    }

    private static StatusRuntimeException of(ProblemException problem) {
        Status.Builder status = Status.newBuilder()
                .setCode(problem.kind().grpcCode())
                .setMessage(problem.detail())
                .addDetails(Any.pack(ErrorInfo.newBuilder()
                        .setReason(problem.kind().name())
                        .setDomain("mishap.dev")
                        .build()));
        if (!problem.errors().isEmpty()) {
            BadRequest.Builder fields = BadRequest.newBuilder();
            problem.errors()
                    .forEach(error -> fields.addFieldViolationsBuilder()
                            .setField(error.field())
                            .setDescription(error.problem()));
            status.addDetails(Any.pack(fields.build()));
        }
        String retryAfter = problem.headers().get("retry-after");
        if (retryAfter != null) {
            status.addDetails(Any.pack(RetryInfo.newBuilder()
                    .setRetryDelay(Duration.newBuilder().setSeconds(Long.parseLong(retryAfter)))
                    .build()));
        }
        return StatusProto.toStatusRuntimeException(status.build());
    }
}
