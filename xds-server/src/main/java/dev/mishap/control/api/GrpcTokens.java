package dev.mishap.control.api;

import dev.mishap.control.problem.ProblemException;
import dev.mishap.control.security.Grant;
import dev.mishap.control.security.TokenCodec;
import dev.mishap.control.security.Tokens;
import dev.mishap.control.v1.CreateTokenRequest;
import dev.mishap.control.v1.CreateTokenResponse;
import dev.mishap.control.v1.ListTokensRequest;
import dev.mishap.control.v1.ListTokensResponse;
import dev.mishap.control.v1.RevokeTokenRequest;
import dev.mishap.control.v1.RevokeTokenResponse;
import dev.mishap.control.v1.Token;
import dev.mishap.control.v1.TokensGrpc;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** API tokens over gRPC. */
final class GrpcTokens extends TokensGrpc.TokensImplBase {
    private final GrpcCalls calls;

    GrpcTokens(GrpcCalls calls) {
        this.calls = calls;
    }

    @Override
    public void createToken(CreateTokenRequest request, StreamObserver<CreateTokenResponse> observer) {
        calls.answer(observer, caller -> {
            TokenService.require(caller);
            List<Grant> grants = new ArrayList<>();
            for (dev.mishap.control.v1.Grant each : request.getGrantsList()) {
                try {
                    grants.add(TokenCodec.grant(each.getRole(), each.getNamespacesList(), each.getLabels()));
                } catch (IllegalArgumentException e) {
                    throw ProblemException.invalid("grants[" + grants.size() + "]", String.valueOf(e.getMessage()));
                }
            }
            Tokens.Created created = calls.parts().tokens().create(caller, request.getName(), grants, ttl(request));
            return CreateTokenResponse.newBuilder()
                    .setToken(message(created.token()))
                    .setSecret(created.secret())
                    .build();
        });
    }

    private static @Nullable Duration ttl(CreateTokenRequest request) {
        return request.hasTtl()
                ? Duration.ofSeconds(
                        request.getTtl().getSeconds(), request.getTtl().getNanos())
                : null;
    }

    private static Token message(Tokens.Token token) {
        Token.Builder message = Token.newBuilder()
                .setName(token.name())
                .setCreated(GrpcMessages.time(token.created()))
                .setCreatedBy(token.createdBy());
        token.grants().forEach(grant -> message.addGrants(GrpcMessages.grant(grant)));
        Instant expires = token.expires();
        return expires == null
                ? message.build()
                : message.setExpires(GrpcMessages.time(expires)).build();
    }

    @Override
    public void listTokens(ListTokensRequest request, StreamObserver<ListTokensResponse> observer) {
        calls.answer(observer, caller -> {
            ListTokensResponse.Builder response = ListTokensResponse.newBuilder();
            calls.parts().tokens().list(caller).forEach(token -> response.addTokens(message(token)));
            return response.build();
        });
    }

    @Override
    public void revokeToken(RevokeTokenRequest request, StreamObserver<RevokeTokenResponse> observer) {
        calls.answer(observer, caller -> {
            calls.parts().tokens().revoke(caller, request.getName());
            return RevokeTokenResponse.getDefaultInstance();
        });
    }
}
