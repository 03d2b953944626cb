package dev.mishap.control.api;

import dev.mishap.control.problem.ProblemException;
import dev.mishap.control.security.Role;
import dev.mishap.control.v1.AuditGrpc;
import dev.mishap.control.v1.ListAuditRequest;
import dev.mishap.control.v1.ListAuditResponse;
import dev.mishap.control.v1.WhoAmIRequest;
import dev.mishap.control.v1.WhoAmIResponse;
import io.grpc.stub.StreamObserver;

/** The audit log over gRPC, and who is calling. */
final class GrpcAudit extends AuditGrpc.AuditImplBase {
    private static final int DEFAULT_LIMIT = 200;
    private static final int MAX_LIMIT = 1000;

    private final GrpcCalls calls;

    GrpcAudit(GrpcCalls calls) {
        this.calls = calls;
    }

    @Override
    public void listAudit(ListAuditRequest request, StreamObserver<ListAuditResponse> observer) {
        calls.answer(observer, caller -> {
            caller.requireEverywhere(Role.ADMIN);
            int limit = request.getPageSize() == 0 ? DEFAULT_LIMIT : request.getPageSize();
            if (limit < 1 || limit > MAX_LIMIT) {
                throw ProblemException.invalid("page_size", "must be from 1 to " + MAX_LIMIT);
            }
            if (request.getFromSequence() < 0) {
                throw ProblemException.invalid("from_sequence", "must not be negative");
            }
            AuditTrail.Part part = calls.parts().audit().list(Math.max(1, request.getFromSequence()), limit);
            return ListAuditResponse.newBuilder()
                    .addAllEntries(part.lines())
                    .setNextSequence(part.next())
                    .build();
        });
    }

    @Override
    public void whoAmI(WhoAmIRequest request, StreamObserver<WhoAmIResponse> observer) {
        calls.answer(observer, caller -> {
            WhoAmIResponse.Builder response =
                    WhoAmIResponse.newBuilder().setName(caller.name()).setAddress(caller.address());
            caller.grants().forEach(grant -> response.addGrants(GrpcMessages.grant(grant)));
            return response.build();
        });
    }
}
