-- A state database as version 0.1.0 wrote it, with all that it may hold. See test_existing_state.py.
BEGIN TRANSACTION;
CREATE TABLE accounts (
    id VARCHAR(32) NOT NULL,
    name VARCHAR(100) NOT NULL,
    sealed_credential TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (name)
);
INSERT INTO "accounts" VALUES('9d8f5eb2b9af4ba18948e2318a9a2ebc','studio','gAAAAABrAZToUa5OdZTsLkYj2TiwNI-scoGz1TzI-Lx0jmasFVrg-_nuQIVK2nKj4K1lhbZs11w3Bid76iq3YMK8oOhdvDITnQaWYamcEnkOVjOWrtq4daZnYzRmsIEz0PdLNsAJK-Sf69wh_lE3MhlnxnjpRyEfhIlhsuErMXy5aLmNcoJBRAmWFFPQyxQ7_pKBhCbz3ntSR4xsJHbJO018VHPJMmG-Zg==',1790000000);
INSERT INTO "accounts" VALUES('572e0db9a9c844c38de7a32397c128f2','shop','gAAAAABrAZTozQ47S3fQV3WMDrGJIp9QHk9JYXHRFWPU7M_ySPaK40B1vtNJRtZOAXi8_JH2skP7a4uj9cbFoLHYMHsjtZY-6_z8kLCCbK3335Pw6sQ5H-fvGfBlUcG4L-GMeTAS022L-QweRB92bz2YfnHhjz8GPL3jLjyt74_IaCgH9XUWOpihk8-XDM98fS3tXbPM3lo38t69zFHzSuFpV4BXE7Nerw==',1790000000);
CREATE TABLE alembic_version (
    version_num VARCHAR(32) NOT NULL,
    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0001');
CREATE TABLE subjects (
    issuer VARCHAR(500) NOT NULL,
    subject VARCHAR(500) NOT NULL,
    account_id VARCHAR(32) NOT NULL,
    PRIMARY KEY (issuer, subject),
    FOREIGN KEY(account_id) REFERENCES accounts (id)
);
INSERT INTO "subjects" VALUES('https://login.example.com','person-1','9d8f5eb2b9af4ba18948e2318a9a2ebc');
CREATE TABLE tokens (
    id VARCHAR(16) NOT NULL,
    name VARCHAR(100) NOT NULL,
    digest VARCHAR(64) NOT NULL,
    account_id VARCHAR(32),
    read_only BOOLEAN NOT NULL,
    toolsets TEXT,
    tools TEXT,
    exclude_tools TEXT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    revoked_at BIGINT,
    last_used_at BIGINT,
    PRIMARY KEY (id),
    UNIQUE (name),
    FOREIGN KEY(account_id) REFERENCES accounts (id)
);
INSERT INTO "tokens" VALUES('b0333c8358f0af4c','ci','3d1775b98ba768b85e4f344af96fec9181bcc23f9742ea2dddce6db40d27f062','9d8f5eb2b9af4ba18948e2318a9a2ebc',1,'segments',NULL,NULL,1790000000,NULL,NULL,NULL);
INSERT INTO "tokens" VALUES('061911e750c7ac45','own','f9576cff2135744eeb9f8df5a37c057cc5b3cbeeca226127b3cfdecf133dbaa8',NULL,0,NULL,NULL,NULL,1790000000,NULL,NULL,NULL);
COMMIT;
