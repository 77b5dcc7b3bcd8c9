// The packages that the table of words is made from, by registry. None is special: popular libraries of
// the kinds that agents use. Those of the development data for grouping are not among them, so that
// scores on it say how the table does on code that it has not seen.

export const PYPI = (
  'openai anthropic httpx httpcore aiohttp pydantic sqlalchemy psycopg pymongo django flask werkzeug ' +
  'jinja2 click tornado celery kombu elasticsearch qdrant-client weaviate-client pymilvus pandas ' +
  'paramiko cryptography tenacity websockets google-auth google-cloud-storage azure-core ' +
  'azure-identity azure-storage-blob msal jsonschema marshmallow pyjwt llama-index-core haystack-ai ' +
  'smolagents dspy instructor langsmith huggingface-hub sentence-transformers selenium scrapy ' +
  'beautifulsoup4 pypdf openpyxl python-docx uvicorn alembic docker groq ollama pika peewee ' +
  'scikit-learn networkx requests-oauthlib psutil'
).split(' ');

export const NPM = (
  'express body-parser mongoose mongodb mysql2 knex ws undici got node-fetch ajv zod joi yup openai ' +
  '@anthropic-ai/sdk ai @ai-sdk/provider @ai-sdk/provider-utils @ai-sdk/openai puppeteer-core ' +
  'jsonwebtoken fastify @grpc/grpc-js bullmq amqplib kafkajs nodemailer cheerio jsdom ' +
  '@azure/core-rest-pipeline @google-cloud/storage google-auth-library @octokit/request graphql ' +
  'firebase-admin webpack rollup @langchain/openai @langchain/community llamaindex groq-sdk ollama ' +
  '@mistralai/mistralai cohere-ai weaviate-client chromadb-default-embed better-sqlite3 sqlite3 ' +
  'drizzle-orm kysely mikro-orm minio socket.io playwright-core xstate'
).split(' ');
