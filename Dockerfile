# The webhook on an empty image: a static binary, no shell, no root.
#
#   docker build -t crashlint .
FROM rust:1-alpine AS build
RUN apk add --no-cache g++ make musl-dev
WORKDIR /src
COPY . .
# musl links statically by itself. Its allocator is slow where threads share it, so Microsoft's takes its place.
RUN cargo build --locked --profile dist --features mimalloc

FROM scratch
COPY --from=build /src/target/dist/crashlint /crashlint
USER 65532:65532
EXPOSE 8443 8080
ENTRYPOINT ["/crashlint"]
CMD ["webhook"]
