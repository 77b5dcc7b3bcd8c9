// What was told about groups, over HTTP.
import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod';
import { given } from '../base/given.ts';
import { pageOf } from '../base/schemas.ts';
import type { AlertsHistory } from '../questions/alerts/alerts.ts';
import { alert, alertsQuery } from '../questions/alerts/schemas.ts';
import { problem } from './problem.ts';

export function alertsRoutes(history: AlertsHistory): FastifyPluginCallbackZod {
  return (app, _options, done) => {
    app.get(
      '/alerts',
      {
        schema: {
          summary: 'What was told about groups and to whom, or waits to be, newest first',
          querystring: alertsQuery,
          response: { 200: pageOf(alert), '4xx': problem, '5xx': problem },
        },
      },
      (request) => history.alerts(given(request.query)),
    );
    done();
  };
}
