/* Throw-away private keys for the unit tests, in every form that is read or refused, with the public halves of those that are read. */
#ifndef UNIT_CRYPTO_KEYS_H
#define UNIT_CRYPTO_KEYS_H

// clang-format off
static const char key_rsa[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAoIBAQDDSXOPZ/gHNkPY\n"
    "127ukak8cD9H+wsNg8Awj/oPMhgSyme4u64Ly2SpNEw5Wbos92O2jj67QCaFw2qs\n"
    "giRg3nPUSixyCqmEJqO+ALbtK3LXgSn8s1Re/lm+elDz0hgNpND6Z4fk1h4oQLfo\n"
    "pHEQXo/Kt2cExQrEjfgMdH6GYppXDpevuq59hKGfpz5qw9x1htpvN4NDoCIcnOox\n"
    "NQb6FEsvy8V5Sw3FEOpwCPV0fu3CJlEnTRaoS2XuXhSgqTXGJZjn0nsFj6tiAnyv\n"
    "1l7uLSv6DdyvR9v1H9FdSTXcO+AoUVUc51YjcNE/8wYfgnowQad0il1AM5IQ0Wfk\n"
    "FM8Qj4MzAgMBAAECggEAQH9o4Es5WsBsZhi49ag8Gc8Ex3Q9cUg7WI6kyxIDa2lY\n"
    "GmY6FIEnjM7OAf8Fg0Zts2SFiXilgHZLLBCLjUbLQKkCxuOImzHb0KwRvoEkG9L4\n"
    "GBLuYbVl1Ig3Zl/UO+Vcc+dvtX+WVDsTwo1VHk/s88nhB21Aoiw1aX+sLhww12FQ\n"
    "Zi0gCURj/EnOnkGRMtZl1vz3y7hsa7FqVS+bNuxn/pnLVxayJTDBJ372sO8p9O8P\n"
    "/K6zsYmsd8EPP3GS72AiNqcj/Ov4tFSXTaWudpNZjg1PSGuvdl/n15F13bOrImCO\n"
    "LmhUKk4aJWl6WOeNxLB2mwPelwv54l/iYMd8q1MR0QKBgQD/wKy5qHmzBlQSPjjl\n"
    "8z8JfOLVI4xl21trwRzZ3Kjn3wDyZc69MJ0ByTQgMIYxmMnjBG7sBZqknp+zaBE+\n"
    "aUCckVhQIUoA5bbx+lqukE4zwAaMBLEfNZAA+sf/8b+poT43FXAaZYRX5QAqbxs/\n"
    "YYVq5E/4hYUf5usyaaETQ6LO+wKBgQDDec4fVaWR4JwlxlRyKFnnYNWuoC/VzODF\n"
    "SZ8JhURS2h7biLFebk+qiD6sLdIq8ibCX2QwJOdZdqkpZwqLNycs9kU+uaW4G14a\n"
    "YhDmVMo2GhW6f9uDkCFba31lqRYTPBT9wM3QSL+VncDR8F2wZA0Vewo51ToRJxlU\n"
    "O6m7OSKHKQKBgQD4+WEs/E49chO2DszlTwA3BFTumUS8g+dj5wNnM+FamUYas/Gn\n"
    "TAQNEQqlq5d4AP3I+y/gpTP+vk1KIi1nTJ+RzAzlNQMODJMkzkwpVGJNDstQ0+B6\n"
    "OXKPAZRiHb4wLMCcb0pK6DkGN/EJXlBwS0fO36Tak2EdxXeCBELCtj1wsQKBgBZR\n"
    "wxpK0jPc3JdnlN7QAqvrn5pnye50jTmZlWIl6E45f4p7ih0JJWmIUvef575llc1d\n"
    "zPe+TvglF12V2VtZ+cwldnSaB/UEkvMaPWm/RrN0uQRpcuwLufNRS6ke7FlX4+Gx\n"
    "cQ6WL+HqeEjAVEI+uku4l8tQsGei+j5m7ZNmC645AoGBALQHxbfHnUVoJTWdcJy3\n"
    "TcnVkK77fSDoXSKItEf1l26nbfCgR/+MjCnaGLBkfDwSydYYHdEL5fvzEPM18uAd\n"
    "Aj+gTN30NEVHSq1FW3sR680i/+hNJ+fDEiMYzioUqIeH6ciB2BBxWLfj//edqTGB\n"
    "a5zJFql29aCgffni9K80FhlM\n"
    "-----END PRIVATE KEY-----\n";

static const char key_rsa_pkcs1[] =
    "-----BEGIN RSA PRIVATE KEY-----\n"
    "MIIEpAIBAAKCAQEAw0lzj2f4BzZD2Ndu7pGpPHA/R/sLDYPAMI/6DzIYEspnuLuu\n"
    "C8tkqTRMOVm6LPdjto4+u0AmhcNqrIIkYN5z1EoscgqphCajvgC27Sty14Ep/LNU\n"
    "Xv5ZvnpQ89IYDaTQ+meH5NYeKEC36KRxEF6PyrdnBMUKxI34DHR+hmKaVw6Xr7qu\n"
    "fYShn6c+asPcdYbabzeDQ6AiHJzqMTUG+hRLL8vFeUsNxRDqcAj1dH7twiZRJ00W\n"
    "qEtl7l4UoKk1xiWY59J7BY+rYgJ8r9Ze7i0r+g3cr0fb9R/RXUk13DvgKFFVHOdW\n"
    "I3DRP/MGH4J6MEGndIpdQDOSENFn5BTPEI+DMwIDAQABAoIBAEB/aOBLOVrAbGYY\n"
    "uPWoPBnPBMd0PXFIO1iOpMsSA2tpWBpmOhSBJ4zOzgH/BYNGbbNkhYl4pYB2SywQ\n"
    "i41Gy0CpAsbjiJsx29CsEb6BJBvS+BgS7mG1ZdSIN2Zf1DvlXHPnb7V/llQ7E8KN\n"
    "VR5P7PPJ4QdtQKIsNWl/rC4cMNdhUGYtIAlEY/xJzp5BkTLWZdb898u4bGuxalUv\n"
    "mzbsZ/6Zy1cWsiUwwSd+9rDvKfTvD/yus7GJrHfBDz9xku9gIjanI/zr+LRUl02l\n"
    "rnaTWY4NT0hrr3Zf59eRdd2zqyJgji5oVCpOGiVpeljnjcSwdpsD3pcL+eJf4mDH\n"
    "fKtTEdECgYEA/8Csuah5swZUEj445fM/CXzi1SOMZdtba8Ec2dyo598A8mXOvTCd\n"
    "Ack0IDCGMZjJ4wRu7AWapJ6fs2gRPmlAnJFYUCFKAOW28fparpBOM8AGjASxHzWQ\n"
    "APrH//G/qaE+NxVwGmWEV+UAKm8bP2GFauRP+IWFH+brMmmhE0OizvsCgYEAw3nO\n"
    "H1WlkeCcJcZUcihZ52DVrqAv1czgxUmfCYVEUtoe24ixXm5Pqog+rC3SKvImwl9k\n"
    "MCTnWXapKWcKizcnLPZFPrmluBteGmIQ5lTKNhoVun/bg5AhW2t9ZakWEzwU/cDN\n"
    "0Ei/lZ3A0fBdsGQNFXsKOdU6EScZVDupuzkihykCgYEA+PlhLPxOPXITtg7M5U8A\n"
    "NwRU7plEvIPnY+cDZzPhWplGGrPxp0wEDREKpauXeAD9yPsv4KUz/r5NSiItZ0yf\n"
    "kcwM5TUDDgyTJM5MKVRiTQ7LUNPgejlyjwGUYh2+MCzAnG9KSug5BjfxCV5QcEtH\n"
    "zt+k2pNhHcV3ggRCwrY9cLECgYAWUcMaStIz3NyXZ5Te0AKr65+aZ8nudI05mZVi\n"
    "JehOOX+Ke4odCSVpiFL3n+e+ZZXNXcz3vk74JRddldlbWfnMJXZ0mgf1BJLzGj1p\n"
    "v0azdLkEaXLsC7nzUUupHuxZV+PhsXEOli/h6nhIwFRCPrpLuJfLULBnovo+Zu2T\n"
    "ZguuOQKBgQC0B8W3x51FaCU1nXCct03J1ZCu+30g6F0iiLRH9Zdup23woEf/jIwp\n"
    "2hiwZHw8EsnWGB3RC+X78xDzNfLgHQI/oEzd9DRFR0qtRVt7EevNIv/oTSfnwxIj\n"
    "GM4qFKiHh+nIgdgQcVi34//3nakxgWucyRapdvWgoH354vSvNBYZTA==\n"
    "-----END RSA PRIVATE KEY-----\n";

static const char key_pss[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIIEugIBADALBgkqhkiG9w0BAQoEggSmMIIEogIBAAKCAQEAp45oV9Sk/OTGKRx1\n"
    "enpmaxu5yZJZVnFEiKxMeixvoSN1obalTpOvRoSJLuWaJLaONnYhWPisJeBQds7j\n"
    "t8jXvv/lSePuqKeZ+M0WylLy3VuUAmLvytqY/YEP5m8BY6FhMug/18x1XviIz4+Y\n"
    "C9mD7KT/vTHNg/SJFWBabkLLKXMtQ+ezBXPE3I0SzzwFIWWy7uPSLmEphI60qynv\n"
    "X2VBn4YZT06SJSHi4bMiYmwk9okKuM5IEFwoaUwYc6snDn+hIxhJSupA9t3djv5c\n"
    "4HZVxTVrs/C310pKepHERHZgYd1oGWooC62bMJM25d8aF5qbFGpIBiMdBnIeyTiY\n"
    "I3rQ8QIDAQABAoIBABoiXigE5M8FJ9tVswUtfjgKlQnZp9GRzSy8IxmTQL4Td8+H\n"
    "W3VMF7SaC4OjEE3Vo4zfFAh6kO8/c410a5RI4U3LQAosYRcxPRTPeFSKZ5MbK5TL\n"
    "tbcgLWis7rv0aHUPwMdd7kdMfqoXfc9SCFcg0DDi83ihAfso8xDAfJpiFKocKkGc\n"
    "l9DDDJYgoMaGP84ehAHSaC7q71WrkyYfYKF55EugXaiDsv7eqiwe/EYj3vomqFqd\n"
    "eaocSdpdSY1vUqs9uJ4Pz0KObV9RuhGA10ns/HA6SelK3a8w8/YlJ51Hmz4M3fAC\n"
    "pnkm2+KernV8VGngpWeeej+ylgvU6I7NZrYN1CECgYEAzz4ZQZn0ADNt6xa09AEZ\n"
    "LdHFDwzHT+zUCO2iqUEkbQ0Z2AZObq9acfSwL6MaBfl2dZRev6fiTKKqHxBoSFCH\n"
    "2WSBhJzJquvLsF0C584+3z2EUEnWCHGwTi7F3nskGWDxGdb8zisTxv9cdv8Ou36g\n"
    "VEPPyPFSjHYLW67QDwHlmtUCgYEAzvoQhgWy0wGlnnNhZHakhYGJTKPNSLkQpsoJ\n"
    "iLbCHQLncH8C9KnhD2J9NAiyNkdpkqf4negAWIdknk9BEHciNVeyiLczeJkLB3+L\n"
    "vbrOXoHp2nX0pNOt13Qwh89zn3e6qzNvpJ0ZU7q9z1/oNsW61UI0xVm3BrYYA5Lf\n"
    "AY51860CgYA3i2A/ieCw0Rfrw0k6gLTb5/YV44nj7QijX/WRwYjexX0gvgf1eIAY\n"
    "PMmf6uoFoefS+bIvUfLAMXTBIKeighr29A4WmeMfMVWFblhiApAtSxKUZkW8O6RS\n"
    "QAz+ZSi2uJnGIC3foAIL+tMwfYnYTMbx7r7ZD3zdcqH2r7LJ4utEBQKBgCe4Y61k\n"
    "sJG/8im7WMhv4FjiqBe2I7I+Gcz4XuYGtK/em83CAi4z38YVD5QJyzGReNg1NggP\n"
    "uulCanPbH9BqHH2CK/gCuHT/Ydd5ibbKf8oxQlCzbFSpbuY3HQ0jKbxDvOYYA+fi\n"
    "YjboUn7Wl/jS72z3vKrW8cHu9iLRb8ybq1UtAoGAIz02WjNF66li05gA8CYBAIF6\n"
    "L09szpX4XpoiJet7RwRsPJuj8Lhi2iAElDtZAunmhWvN6cH8uf/2bdpOBqgDz57v\n"
    "NNi1I4NA43Kq0STfPqrsS3XuPE/U1I5dbUFHK6mda1XSCF5zezmt4SRuNEP7xaeE\n"
    "2WkooLQzhgxMpDi5S00=\n"
    "-----END PRIVATE KEY-----\n";

static const char key_pss_sha384[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIIE8QIBADBBBgkqhkiG9w0BAQowNKAPMA0GCWCGSAFlAwQCAgUAoRwwGgYJKoZI\n"
    "hvcNAQEIMA0GCWCGSAFlAwQCAgUAogMCATAEggSnMIIEowIBAAKCAQEAxrls/+Qg\n"
    "FaylNIDjf6PZYM6iVAcwnR4PYrrskJMjOC3q0F6YeBxvLdEXvKGY7fUfQ1Om2b9h\n"
    "mStJMAfombsIUMJfMfXfK7aG7buDIGMSGRRMUxmFZUcKOx82jnGPQ3oZBV/iJoTr\n"
    "rpnjMNzqQ5tmfDhpqLKaPEwe4ngOq6icearEG2pTW0NZVkxuy/9nFCnZlEUHtiCr\n"
    "KcqBeITc/DiktD5u/2cBu4RaTVmGl6U/AKtarWZCETBlNkEeWftK9qYw+rDiHa47\n"
    "L0UXDFvrJluC8Tzx1Ps0JUBJROM2v5XITqXZ1icg3U46en2aAWHqFSOUGL1KVE2l\n"
    "o31uENrDlqqL+QIDAQABAoIBADgvOrsKY2vdWQQEIM34pD/zi/+X3M2/LvhqAvJJ\n"
    "N17t1IK/C/qBh4l7oWtqgNNeR02AvB66NjzY+SNESSYVtB8pJUL50fQI8hMKveMN\n"
    "P5Opon6oK4fb0u+uPn19a9TXE3XqiwT69atyxMIO44jjydD7HhxdCrBbkSvUZ8lu\n"
    "rXbUKirxpJ5QMjkTZwnnhryX1nS30kCXyhMXtWwNO2w2Me3oaSkSkSJcpURGrMEy\n"
    "pMNKqPlzsmhmIzoN8kqfRpq/ePTGv3efNIu1BgF64PhKjWPjb8KKiMoit0cvil7h\n"
    "hYsgj/9tIqQhMaqxKIIudR4FXA6MQB2RNgsLuvtDE/Elt3UCgYEA8iyYN5v6T0sn\n"
    "8O1FEnHWdqifeMiSY/eMligsI5fd/4Mgl8TYgsIolX+G9evg6ybt4wLfbZS4sRhM\n"
    "sOV8yMm94Zl5x/NPN1ym1bC9SrmdPApCgfUSnO+ioM1QyRVhtAqsxoaiX7lF6byy\n"
    "UO8anOxIbV9eKJqQrSj8s+5YFtPouIcCgYEA0hHOUKLaqw20JpbHeYkTXI6wCAjs\n"
    "0CFK25uw5HqBtypQdlfPKqswh30mkSuMGKKipYU9yStfdht6s8WEqtmUvXawjo/M\n"
    "3XTXBCGmBqJwhh53aMJ2U4dNzwP9AzSS72inSCvmDAxlMMlAB4XS3kq9lWSa57pM\n"
    "1H9lmwVX+uNeN38CgYEA0ZYCjm3xLVqv0HSnyJS4tKyuhwueleGRzAosWQl/2TgU\n"
    "pwR3FIMQOIHLvV1MpHZmfobn8qA5TxrmlFmnquXd7Ta0DHXn4tPOlzWEPP1ytJl0\n"
    "gaAlYaiKqHvIJJ7alcR/TrkKIanodacW87Ba6eAbtnxIsv9BonrMaLQnjGoNCFUC\n"
    "gYAgToq7TgBxNB9Tm/a7k0A+CNe7tJuu+p/HnG8dBFY0tDZBrQl4V3GUNMQcqWTX\n"
    "WRPIfvBcouYAhQNe6G6Z0/KTHNDUa/smx9RVl1MwTAUgK0lT/Cw0dmeaAdQEjS5X\n"
    "0XGAoPe1PKbHVPwa7BLdCwOTGTDVmIo+WAVpTO4V8KfJwwKBgAVqKJpD1zJ+Kvm0\n"
    "H1037JpHp25a5jbWORLfEoFyDe6cRTWl2XHMwAjRURLOwXZ/TNerZXAs9xg1ntl5\n"
    "CCrrYK0Bt4nxx5LP61qs02JXBsXl8OaejuBYuHH5beFo/1cvHONfMjVvN4lS7fps\n"
    "gCxJXDA11ker2+kDf2eiTU4+bC1P\n"
    "-----END PRIVATE KEY-----\n";

static const char key_p256[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgApg4exZlo4tdFdBL\n"
    "I8nwRm9SKq4lMx8Dxp1eZAonT2qhRANCAASy4ERzSgFwzB2qbeApedzxykKgV7/1\n"
    "9dZoSrqtOTn5PQQKt+Vga4Bh53r2aEzUFWP4dpb3igbazYjoVYL5IVnl\n"
    "-----END PRIVATE KEY-----\n";

static const char key_p384[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIG2AgEAMBAGByqGSM49AgEGBSuBBAAiBIGeMIGbAgEBBDBYWjFE7VFQvxhJQKYE\n"
    "EbAguxSXPUnc+Dd2gb3Yqs6hKZBJBWVMe0k7n4VDZmqtVCWhZANiAASyGllz1sWP\n"
    "7R/zo4wLIiBZaAfT4XJ1JqFOlK1SaH7d2SMnWYZwDW0VstNe5P268kyJBurR8orb\n"
    "VWxwjgzeYfonr13MbxIda5aG8kv/TtzGDIreXjig5OsZrglWbpqVUb8=\n"
    "-----END PRIVATE KEY-----\n";

static const char key_p521[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIHuAgEAMBAGByqGSM49AgEGBSuBBAAjBIHWMIHTAgEBBEIA7R/mlW2FM9hP4i9K\n"
    "Hmtmhz8mwOagmD/NN/a4wXKPivR9ktUUP/kkqhgdCJlEFkmYmip4xXOgAUUo6MRy\n"
    "Oj8y7PyhgYkDgYYABAGQZMtNT5C9C4rxMoCvY1c6bsLhABn7nrhg0ng0tiarUN56\n"
    "ca9N5ws+UxNUn/cwCPk7cHPTjJnqgF2Gcrze+kJlbgG0PRuJ+gkBPGznXPHbwVNL\n"
    "CbB61iuf1K5yem53AG//s4cEzETVLT72DySAl03tlIbJGb91D4yqhzaexI1JxuUE\n"
    "6Q==\n"
    "-----END PRIVATE KEY-----\n";

static const char key_sec1[] =
    "-----BEGIN EC PARAMETERS-----\n"
    "BggqhkjOPQMBBw==\n"
    "-----END EC PARAMETERS-----\n"
    "-----BEGIN EC PRIVATE KEY-----\n"
    "MHcCAQEEIDG2iR9Jj+qGIC5FqMjbd214Gv8JlOzygqz794uUPK/+oAoGCCqGSM49\n"
    "AwEHoUQDQgAEQ69KwMLDXZRMcMuErLT8GRg8NaFSHBghbt7TIKsJh1ZMdwLWGDOj\n"
    "KtxulianWgDR4Hr0mq45C1k1y+/0A2zsVA==\n"
    "-----END EC PRIVATE KEY-----\n";

static const char key_compressed[] =
    "-----BEGIN EC PRIVATE KEY-----\n"
    "MFcCAQEEIAKYOHsWZaOLXRXQSyPJ8EZvUiquJTMfA8adXmQKJ09qoAoGCCqGSM49\n"
    "AwEHoSQDIgADsuBEc0oBcMwdqm3gKXnc8cpCoFe/9fXWaEq6rTk5+T0=\n"
    "-----END EC PRIVATE KEY-----\n";

static const char key_explicit[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIIBeQIBADCCAQMGByqGSM49AgEwgfcCAQEwLAYHKoZIzj0BAQIhAP////8AAAAB\n"
    "AAAAAAAAAAAAAAAA////////////////MFsEIP////8AAAABAAAAAAAAAAAAAAAA\n"
    "///////////////8BCBaxjXYqjqT57PrvVV2mIa8ZR0GsMxTsPY7zjw+J9JgSwMV\n"
    "AMSdNgiG5wSTamZ44ROdJreBn36QBEEEaxfR8uEsQkf4vOblY6RA8ncDfYEt6zOg\n"
    "9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9QIhAP////8A\n"
    "AAAA//////////+85vqtpxeehPO5ysL8YyVRAgEBBG0wawIBAQQgx8lymmMtLIjk\n"
    "lC5Bi2pmd3ceUXVU8YOQEUMIT+EypH6hRANCAATWMrZLz+lZPqQWUidm+TrW9TYt\n"
    "hccOe9y3e7Om9zzPB9/ndyKJBzXFDAWGkfLY2GVKfuwdEzJCjU/ZOkTguyNI\n"
    "-----END PRIVATE KEY-----\n";

static const char key_secp256k1[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIGEAgEAMBAGByqGSM49AgEGBSuBBAAKBG0wawIBAQQgsDMQqcP5XgFFQRhmHUii\n"
    "VRj5bjzG7iTSO3HTT0wfECKhRANCAASyVwnMaYraCXq2RfwYtPT0fKrkX/pgZss7\n"
    "L8pLqnuoVFaE3uaTAsFLqRaCiHnyYMHT+JiSOQWEq7d+fD2W5CnM\n"
    "-----END PRIVATE KEY-----\n";

static const char key_ed25519[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEIA4s0JM19wfMlf9vXZjT5xNp7YuQA5971kuJdW3Iq5AQ\n"
    "-----END PRIVATE KEY-----\n";

static const char key_ed448[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MEcCAQAwBQYDK2VxBDsEOdU+kw1Dx+ny9ngXHnMSqZZ/bIW9y8b/14R2MEquPvSS\n"
    "x79uLll5Vs81X7T9e9S9SKP+Vx4ZrdZfVg==\n"
    "-----END PRIVATE KEY-----\n";

static const char key_x25519[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VuBCIEILBgJlRXUmNx0o4t0hI/6Ftmy+5csQW7vXV2owT7Llh1\n"
    "-----END PRIVATE KEY-----\n";

static const char key_encrypted_pkcs8[] =
    "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
    "MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAjUk3TBDki4DwICCAAw\n"
    "DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEA2+Roh2hbRMzHrxgcwF8sUEgZB/\n"
    "YB5cZ7pjegAJREKQ9n3sheTvRMO4xXwmQZwWZRMlkEImszpWfqIpFso85loCEHmJ\n"
    "yweRIY9q/paa5M8r4HAJjSFUaCg6BmDArCqWa7Tiqi/ruP47VWqDEl6j3Gppo3Fk\n"
    "CZycngXZhK0sMObON6KfMeoppj5wxEiiUbjWkHyVG1zJ+rR5yDb8GVSUcdZeXSQ=\n"
    "-----END ENCRYPTED PRIVATE KEY-----\n";

static const char key_encrypted_sec1[] =
    "-----BEGIN EC PRIVATE KEY-----\n"
    "Proc-Type: 4,ENCRYPTED\n"
    "DEK-Info: AES-128-CBC,D0AC018F83B93739DC94978D8E0432E0\n"
    "\n"
    "xwLSw1gAHwZt94vq3UPI6C8rySsw8V90oxLqRDAMnT2p5bv5NFPZzfrROgZg5LlM\n"
    "e7eBCP5iiZOn0cGqjbaujQrjakFYTy4Y2qP455P7TNifqDSo1u02YY8KMlYy6q49\n"
    "eH1axiPr9qSahuqLVHzXh3i2CT5B06tqavP7ds5QL1k=\n"
    "-----END EC PRIVATE KEY-----\n";

static const char spki_rsa[] =
    "30820122300d06092a864886f70d01010105000382010f003082010a0282010100c349738f67f8073643d8d76eee91a93c70"
    "3f47fb0b0d83c0308ffa0f321812ca67b8bbae0bcb64a9344c3959ba2cf763b68e3ebb402685c36aac822460de73d44a2c72"
    "0aa98426a3be00b6ed2b72d78129fcb3545efe59be7a50f3d2180da4d0fa6787e4d61e2840b7e8a471105e8fcab76704c50a"
    "c48df80c747e86629a570e97afbaae7d84a19fa73e6ac3dc7586da6f378343a0221c9cea313506fa144b2fcbc5794b0dc510"
    "ea7008f5747eedc22651274d16a84b65ee5e14a0a935c62598e7d27b058fab62027cafd65eee2d2bfa0ddcaf47dbf51fd15d"
    "4935dc3be02851551ce7562370d13ff3061f827a3041a7748a5d40339210d167e414cf108f83330203010001";

static const char spki_pss[] =
    "30820120300b06092a864886f70d01010a0382010f003082010a0282010100a78e6857d4a4fce4c6291c757a7a666b1bb9c9"
    "925956714488ac4c7a2c6fa12375a1b6a54e93af4684892ee59a24b68e36762158f8ac25e05076cee3b7c8d7beffe549e3ee"
    "a8a799f8cd16ca52f2dd5b940262efcada98fd810fe66f0163a16132e83fd7cc755ef888cf8f980bd983eca4ffbd31cd83f4"
    "8915605a6e42cb29732d43e7b30573c4dc8d12cf3c052165b2eee3d22e6129848eb4ab29ef5f65419f86194f4e922521e2e1"
    "b322626c24f6890ab8ce48105c28694c1873ab270e7fa12318494aea40f6dddd8efe5ce07655c5356bb3f0b7d74a4a7a91c4"
    "44766061dd68196a280bad9b309336e5df1a179a9b146a4806231d06721ec93898237ad0f10203010001";

static const char spki_pss_sha384[] =
    "30820156304106092a864886f70d01010a3034a00f300d06096086480165030402020500a11c301a06092a864886f70d0101"
    "08300d06096086480165030402020500a2030201300382010f003082010a0282010100c6b96cffe42015aca53480e37fa3d9"
    "60cea25407309d1e0f62baec909323382dead05e98781c6f2dd117bca198edf51f4353a6d9bf61992b493007e899bb0850c2"
    "5f31f5df2bb686edbb8320631219144c53198565470a3b1f368e718f437a19055fe22684ebae99e330dcea439b667c3869a8"
    "b29a3c4c1ee2780eaba89c79aac41b6a535b4359564c6ecbff671429d9944507b620ab29ca817884dcfc38a4b43e6eff6701"
    "bb845a4d598697a53f00ab5aad664211306536411e59fb4af6a630fab0e21dae3b2f45170c5beb265b82f13cf1d4fb342540"
    "4944e336bf95c84ea5d9d62720dd4e3a7a7d9a0161ea15239418bd4a544da5a37d6e10dac396aa8bf90203010001";

static const char spki_p256[] =
    "3059301306072a8648ce3d020106082a8648ce3d03010703420004b2e044734a0170cc1daa6de02979dcf1ca42a057bff5f5"
    "d6684abaad3939f93d040ab7e5606b8061e77af6684cd41563f87696f78a06dacd88e85582f92159e5";

static const char spki_p384[] =
    "3076301006072a8648ce3d020106052b8104002203620004b21a5973d6c58fed1ff3a38c0b2220596807d3e1727526a14e94"
    "ad52687eddd923275986700d6d15b2d35ee4fdbaf24c8906ead1f28adb556c708e0cde61fa27af5dcc6f121d6b9686f24bff"
    "4edcc60c8ade5e38a0e4eb19ae09566e9a9551bf";

static const char spki_p521[] =
    "30819b301006072a8648ce3d020106052b810400230381860004019064cb4d4f90bd0b8af13280af63573a6ec2e10019fb9e"
    "b860d27834b626ab50de7a71af4de70b3e5313549ff73008f93b7073d38c99ea805d8672bcdefa42656e01b43d1b89fa0901"
    "3c6ce75cf1dbc1534b09b07ad62b9fd4ae727a6e77006fffb38704cc44d52d3ef60f2480974ded9486c919bf750f8caa8736"
    "9ec48d49c6e504e9";

static const char spki_sec1[] =
    "3059301306072a8648ce3d020106082a8648ce3d0301070342000443af4ac0c2c35d944c70cb84acb4fc19183c35a1521c18"
    "216eded320ab0987564c7702d61833a32adc6e9626a75a00d1e07af49aae390b5935cbeff4036cec54";

static const char spki_ed25519[] =
    "302a300506032b65700321006564b7e747bdf6fec0d9a2db868347a4c4dda7a0cf3e6161f938c22b69d66211";

static const char spki_ed448[] =
    "3043300506032b6571033a0010b3a97ede0642014f93f8268a1db3e809cc729c454ba050dd831baf5806e2c4ec6dd64cfbef"
    "37fce84d47a535910024ed4c63718e61a74280";

#endif
