// The library for JSON Web Tokens, whose headers do not say that they are C.
#pragma once

#include <jansson.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

extern "C" {
#include <jose/b64.h>
#include <jose/jwk.h>
#include <jose/jws.h>
#include <jose/openssl.h>
}
