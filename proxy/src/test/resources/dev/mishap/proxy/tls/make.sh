#!/usr/bin/env bash
# Makes the certificates of the tests of TLS. They last; the clocks of tests do the rest.
set -e
cd "$(dirname "$0")"
D=7300
ext() { printf '%s\n' "$@" >ext.tmp; }
ca() { # name subject issuer ext...
  openssl req -new -newkey rsa:2048 -nodes -keyout "$1.key" -subj "$2" -out csr.tmp 2>/dev/null
  local name=$1 issuer=$3
  shift 3
  ext "$@"
  if [ "$issuer" = self ]; then
    openssl x509 -req -in csr.tmp -signkey "$name.key" -days $D -extfile ext.tmp -out "$name.crt" 2>/dev/null
  else
    openssl x509 -req -in csr.tmp -CA "$issuer.crt" -CAkey "$issuer.key" -CAcreateserial -days $D -extfile ext.tmp -out "$name.crt" 2>/dev/null
  fi
}
ca ca "/O=Mishap/CN=test ca" self basicConstraints=critical,CA:TRUE keyUsage=critical,keyCertSign,cRLSign
ca other-ca "/CN=other ca" self basicConstraints=critical,CA:TRUE
ca intermediate "/CN=intermediate" ca basicConstraints=critical,CA:TRUE
ca server "/CN=server.test" ca subjectAltName=DNS:server.test,DNS:*.wild.test,IP:127.0.0.1,URI:spiffe://test/server
ca other "/CN=other.test" ca subjectAltName=DNS:other.test
ca client "/C=NL/O=Mishap/OU=tests/CN=client.test/emailAddress=c@client.test" ca \
  "subjectAltName=DNS:client.test,DNS:alias.test,URI:spiffe://test/client,email:c@client.test,IP:10.0.0.1,IP:2001:db8::1,otherName:1.2.3.4;UTF8:other name"
ca leaf "/CN=leaf.test" intermediate subjectAltName=DNS:leaf.test
ca by-leaf "/CN=by-leaf.test" client subjectAltName=DNS:by-leaf.test
ca only-client "/CN=only-client" ca extendedKeyUsage=clientAuth
ca no-signature "/CN=no-signature" ca keyUsage=keyEncipherment subjectAltName=DNS:server.test
ca revoked "/CN=revoked" ca subjectAltName=DNS:revoked.test
openssl ecparam -genkey -name prime256v1 -noout -out ec.key
openssl req -new -key ec.key -subj "/CN=server.test" -out csr.tmp
ext subjectAltName=DNS:server.test
openssl x509 -req -in csr.tmp -CA ca.crt -CAkey ca.key -days $D -extfile ext.tmp -out ec.crt 2>/dev/null
cat leaf.crt intermediate.crt >leaf-chain.crt
openssl rsa -in server.key -aes128 -passout pass:secret -traditional -out server-aes128.key 2>/dev/null
openssl rsa -in server.key -des3 -passout pass:secret -traditional -out server-des3.key 2>/dev/null
openssl rsa -in server.key -traditional -out server-pkcs1.key 2>/dev/null
openssl pkcs8 -topk8 -in server.key -passout pass:secret -out server-pkcs8.key
openssl pkcs8 -topk8 -nocrypt -in ec.key -out ec-pkcs8.key
openssl pkcs12 -export -in server.crt -inkey server.key -certfile ca.crt -passout pass:secret -out server.p12
cat >ca.cnf <<C
[ca]
default_ca = d
[d]
database = index.tmp
crlnumber = number.tmp
default_md = sha256
default_crl_days = $D
C
: >index.tmp
echo 01 >number.tmp
openssl ca -config ca.cnf -cert ca.crt -keyfile ca.key -revoke revoked.crt 2>/dev/null
openssl ca -config ca.cnf -cert ca.crt -keyfile ca.key -gencrl -out ca.crl 2>/dev/null
rm -f *.tmp* *.srl ca.cnf index* number* other-ca.key intermediate.key
